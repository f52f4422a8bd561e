/* SPDX-License-Identifier: MIT */
/* Files of keys: what is a key in them, and what is refused. */
#include "signature-fixture.h"

static void key_is_read_without_what_is_around_it(void **state) {
        static const char *const files[] = {
                HUB_KEY " \n",  "\t" HUB_KEY "\t \r\n",       "\xef\xbb\xbf" HUB_KEY "\n",
                "  \n" HUB_KEY, "\xef\xbb\xbf\n" HUB_KEY " ", "old \r\n " HUB_KEY "\r\n",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                assert_int_equal(CHECK(files[i], HUB_BODY, "x-gitea-signature", HUB_HEX), SIGNATURE_GOOD);
        assert_int_equal(CHECK("\xef\xbb\xbf Bearer abc \n", "", "authorization", "Bearer abc"),
                         SIGNATURE_GOOD);
        assert_int_equal(STANDARD("\xef\xbb\xbf" STANDARD_KEY " \n", NOW, "webhook-id", STANDARD_ID,
                                  "webhook-timestamp", STANDARD_TIME, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_GOOD_FINAL_ID);
}

static void every_key_of_the_file_is_good(void **state) {
        (void) state;

        assert_int_equal(CHECK("old\n\n" HUB_KEY "\n", HUB_BODY, "x-gitea-signature", HUB_HEX),
                         SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY "\nnew\n", HUB_BODY, "x-gitea-signature", HUB_HEX), SIGNATURE_GOOD);
        assert_int_equal(STANDARD("whsec_AAAA\n" STANDARD_KEY, NOW, "webhook-id", STANDARD_ID,
                                  "webhook-timestamp", STANDARD_TIME, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_GOOD_FINAL_ID);
}

static void file_that_is_no_list_of_keys_is_refused(void **state) {
        static const struct {
                const char *text;
                size_t length;
                unsigned line;
        } files[] = {
                { "", 0, 0 },
                { "\n\r\n\n", 4, 0 },
                { " \t\n\xef\xbb\xbf", 3, 0 },
                { "\xef\xbb\xbf\n", 4, 0 },
                { "a\0b", 3, 1 },
                { "ok\n\na\x01", 6, 3 },
                { "one\rtwo\n", 8, 1 },
                { "\xff\xfek\0\n\0", 6, 1 },
                { "whsec_", 6, 1 },
                { "ok\nwhsec_!!!!", 13, 2 },
                { "whsec_AAA A", 11, 1 },
                { "whsec_AAAAA", 11, 1 },
                { "whsec_AAAA====", 14, 1 },
                { "whsec_AA=A", 10, 1 },
                { "ok\r\n\r\nAuthorization: Bearer abc", 32, 3 },
                { "x-gitlab-token:abc", 18, 1 },
                { "whpk_AAAA", 9, 1 },
                { "whsk_AAAA", 9, 1 },
                { "1\n2\n3\n4\n5\n6\n7\n8\n9", 17, 9 },
        };
        char longest[SIGNATURE_KEY_MAX + 1];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                KeyProblem problem = { .text = NULL };
                SignatureKeys *keys = NULL;

                assert_int_equal(signature_keys_parse(files[i].text, files[i].length, &keys, &problem),
                                 -EBADMSG);
                assert_null(keys);
                assert_true(!isempty(problem.text));
                assert_int_equal(problem.line, files[i].line);
        }

        for (size_t n = SIGNATURE_KEY_MAX - 1; n <= SIGNATURE_KEY_MAX; n++) {
                _cleanup_(signature_keys_freep) SignatureKeys *keys = NULL;
                KeyProblem problem = { .text = NULL };

                memset(longest, 'k', n);
                assert_int_equal(signature_keys_parse(longest, n, &keys, &problem),
                                 n < SIGNATURE_KEY_MAX ? 0 : -EBADMSG);
        }
}

static void standard_key_is_decoded_with_and_without_padding_and_prefix(void **state) {
        static const struct {
                const char *text, *key;
                bool encoded;
        } cases[] = { { "whsec_Zm9v", "foo", true }, { "whsec_Zm8=", "fo", true },
                      { "whsec_Zm8", "fo", true },   { "whsec_Zg==", "f", true },
                      { "whsec_Zg", "f", true },     { "Zm9v", "foo", false },
                      { "Zm8=", "fo", false },       { "plain", "", false },
                      { "two words", "", false } };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(signature_keys_freep) SignatureKeys *keys = keys_of(cases[i].text);

                assert_int_equal(keys->n, 1);
                assert_int_equal(keys->items[0].encoded, cases[i].encoded);
                assert_int_equal(keys->items[0].standard_length, strlen(cases[i].key));
                assert_memory_equal(keys->items[0].standard, cases[i].key, strlen(cases[i].key) + 1);
                assert_string_equal(keys->items[0].text, cases[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(key_is_read_without_what_is_around_it),
                cmocka_unit_test(every_key_of_the_file_is_good),
                cmocka_unit_test(file_that_is_no_list_of_keys_is_refused),
                cmocka_unit_test(standard_key_is_decoded_with_and_without_padding_and_prefix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
