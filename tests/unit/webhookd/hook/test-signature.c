/* SPDX-License-Identifier: MIT */
/* Proofs of origin: signatures in hex and tokens, and what must not pass for one. */
#include "signature-fixture.h"

static void known_answer_of_github_is_good(void **state) {
        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature-256", "sha256=" HUB_HEX), SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY "\n", HUB_BODY, "x-hub-signature-256", "sha256=" HUB_HEX),
                         SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY "\r\n", HUB_BODY, "x-hub-signature-256", "sha256=" HUB_HEX),
                         SIGNATURE_GOOD);
}

static void bare_hex_of_gitea_and_forgejo_is_good(void **state) {
        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", HUB_HEX), SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-forgejo-signature", HUB_HEX), SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-forgejo-signature", HUB_HEX, "x-gitea-signature",
                               HUB_HEX, "x-hub-signature-256", "sha256=" HUB_HEX),
                         SIGNATURE_GOOD);
}

static void literal_token_is_good_when_it_is_a_key(void **state) {
        static const char *const headers[] = { "x-gitlab-token", "authorization" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(headers); i++) {
                assert_int_equal(CHECK("Bearer abc\nother", "", headers[i], "Bearer abc"), SIGNATURE_GOOD);
                assert_int_equal(CHECK("Bearer abc\nother", "", headers[i], "other"), SIGNATURE_GOOD);
                assert_int_equal(CHECK("Bearer abc\nother", "", headers[i], "Bearer ab"), SIGNATURE_BAD);
                assert_int_equal(CHECK("Bearer abc\nother", "", headers[i], "Bearer abcd"), SIGNATURE_BAD);
                assert_int_equal(CHECK("Bearer abc\nother", "", headers[i], "bearer abc"), SIGNATURE_BAD);
                assert_int_equal(CHECK("Bearer abc\nother", "", headers[i], "Bearer abc\nother"),
                                 SIGNATURE_BAD);
        }
}

static void literal_token_of_any_length_is_compared(void **state) {
        char key[SIGNATURE_KEY_MAX], given[2 * SIGNATURE_KEY_MAX];

        (void) state;

        memset(key, 'k', sizeof(key) - 1);
        key[sizeof(key) - 1] = '\0';
        assert_int_equal(CHECK(key, "", "x-gitlab-token", key), SIGNATURE_GOOD);
        for (size_t n = sizeof(key) - 2; n < sizeof(given) - 1; n++) {
                memset(given, 'k', n);
                given[n] = '\0';
                assert_int_equal(CHECK(key, "", "x-gitlab-token", given),
                                 n == sizeof(key) - 1 ? SIGNATURE_GOOD : SIGNATURE_BAD);
        }
}

static void nothing_and_empty_headers_are_absent(void **state) {
        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "content-type", "application/json"), SIGNATURE_ABSENT);
        /* What Gitea sends without a secret. */
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", "", "x-hub-signature-256",
                               "sha256=", "x-hub-signature", "sha1="),
                         SIGNATURE_ABSENT);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-forgejo-signature", " ", "x-gitlab-token", "",
                               "authorization", "", "webhook-signature", ""),
                         SIGNATURE_ABSENT);
        /* An id and a time prove nothing. */
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "webhook-id", "a", "webhook-timestamp", STANDARD_TIME),
                         SIGNATURE_ABSENT);
}

static void empty_header_beside_a_good_one_is_good(void **state) {
        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", "", "x-hub-signature-256",
                               "sha256=" HUB_HEX),
                         SIGNATURE_GOOD);
}

static void changed_body_or_signature_is_bad(void **state) {
        char hex[] = HUB_HEX;

        (void) state;

        assert_int_equal(CHECK(HUB_KEY, "Hello, World?", "x-hub-signature-256", "sha256=" HUB_HEX),
                         SIGNATURE_BAD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY " ", "x-hub-signature-256", "sha256=" HUB_HEX),
                         SIGNATURE_BAD);
        assert_int_equal(CHECK(HUB_KEY, "", "x-hub-signature-256", "sha256=" HUB_HEX), SIGNATURE_BAD);
        assert_int_equal(CHECK("another key", HUB_BODY, "x-hub-signature-256", "sha256=" HUB_HEX),
                         SIGNATURE_BAD);
        for (size_t i = 0; i < sizeof(hex) - 1; i++) {
                char was = hex[i];

                hex[i] = was == '0' ? '1' : '0';
                assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", hex), SIGNATURE_BAD);
                hex[i] = was;
        }
}

static void cut_or_lengthened_signature_is_bad(void **state) {
        char hex[] = HUB_HEX "00";

        (void) state;

        for (size_t n = sizeof(hex) - 1; n > 0; n--) {
                hex[n] = '\0';
                assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", hex),
                                 n == strlen(HUB_HEX) ? SIGNATURE_GOOD : SIGNATURE_BAD);
        }
}

static void signature_of_another_form_is_bad(void **state) {
        static const char *const values[] = {
                HUB_HEX,
                "SHA256=" HUB_HEX,
                "sha1=" HUB_HEX,
                "sha256:" HUB_HEX,
                "sha256= " HUB_HEX,
                "sha256",
                "sha25",
                "=",
                "sha256=sha256=" HUB_HEX,
                "sha256=" HUB_HEX ",sha256=" HUB_HEX,
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature-256", values[i]), SIGNATURE_BAD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", "sha256=" HUB_HEX), SIGNATURE_BAD);
}

static void hex_may_be_in_capitals(void **state) {
        static const char capitals[] = "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
                          mixed[] = "757107ea0EB2509fc211221CCE984B8A37570b6D7586C22C46F4379C8B043E17";

        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", capitals), SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-forgejo-signature", mixed), SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature-256",
                               "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17"),
                         SIGNATURE_GOOD);
        /* The bit that makes a capital small makes other characters into digits, too. */
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature",
                               "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E1\x17"),
                         SIGNATURE_BAD);
}

static void one_bad_signature_beside_good_ones_is_bad(void **state) {
        static const char wrong[] = "0000000000000000000000000000000000000000000000000000000000000000";

        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature-256", "sha256=" HUB_HEX,
                               "x-gitea-signature", wrong),
                         SIGNATURE_BAD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", wrong, "x-hub-signature-256",
                               "sha256=" HUB_HEX),
                         SIGNATURE_BAD);
        /* The same header twice is no fallback either. */
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", HUB_HEX, "x-gitea-signature", wrong),
                         SIGNATURE_BAD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature-256", "sha256=" HUB_HEX, "authorization",
                               "Basic YTpi"),
                         SIGNATURE_BAD);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", "v1," STANDARD_MAC, "x-gitlab-token",
                                  "no"),
                         SIGNATURE_BAD);
}

static void more_headers_than_the_limit_are_bad(void **state) {
        const char *texts[2 * (SIGNATURE_HEADERS_MAX + 1) + 1] = { NULL };

        (void) state;

        for (unsigned n = 1; n <= SIGNATURE_HEADERS_MAX + 1; n++) {
                texts[2 * n - 2] = "x-gitea-signature";
                texts[2 * n - 1] = HUB_HEX;
                assert_int_equal(check_at(HUB_KEY, HUB_BODY, (Bytes){ NULL, 0 }, NOW, texts),
                                 n <= SIGNATURE_HEADERS_MAX ? SIGNATURE_GOOD : SIGNATURE_BAD);
        }
}

static void json_in_a_form_may_be_signed_instead_of_the_form(void **state) {
        static const char *const hex[] = { "x-gitea-signature", HUB_HEX, NULL };

        (void) state;

        assert_int_equal(check_at(HUB_KEY, "payload=Hello%2C+World%21", bytes(HUB_BODY), NOW, hex),
                         SIGNATURE_GOOD);
        assert_int_equal(check_at(HUB_KEY, HUB_BODY, bytes("other"), NOW, hex), SIGNATURE_GOOD);
        assert_int_equal(check_at(HUB_KEY, "payload=other", bytes("other"), NOW, hex), SIGNATURE_BAD);
        assert_int_equal(check_at("first\n" HUB_KEY, "payload=x", bytes(HUB_BODY), NOW, hex),
                         SIGNATURE_GOOD);
}

static void sha1_alone_is_told_from_nothing_and_from_enough(void **state) {
        static const char sha1[] = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";

        (void) state;

        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature", sha1), SIGNATURE_WEAK);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-nexus-webhook-signature", sha1 + strlen("sha1=")),
                         SIGNATURE_WEAK);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-gitea-signature", "", "x-hub-signature", sha1),
                         SIGNATURE_WEAK);
        /* Beside an HMAC-SHA256 it does not count, right or wrong. */
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature", sha1, "x-hub-signature-256",
                               "sha256=" HUB_HEX),
                         SIGNATURE_GOOD);
        assert_int_equal(CHECK(HUB_KEY, "other", "x-hub-signature", sha1, "x-hub-signature-256",
                               "sha256=" HUB_HEX),
                         SIGNATURE_BAD);
        assert_int_equal(CHECK(HUB_KEY, HUB_BODY, "x-hub-signature", "", "x-nexus-webhook-signature", " "),
                         SIGNATURE_ABSENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_answer_of_github_is_good),
                cmocka_unit_test(bare_hex_of_gitea_and_forgejo_is_good),
                cmocka_unit_test(literal_token_is_good_when_it_is_a_key),
                cmocka_unit_test(literal_token_of_any_length_is_compared),
                cmocka_unit_test(nothing_and_empty_headers_are_absent),
                cmocka_unit_test(empty_header_beside_a_good_one_is_good),
                cmocka_unit_test(changed_body_or_signature_is_bad),
                cmocka_unit_test(cut_or_lengthened_signature_is_bad),
                cmocka_unit_test(signature_of_another_form_is_bad),
                cmocka_unit_test(hex_may_be_in_capitals),
                cmocka_unit_test(one_bad_signature_beside_good_ones_is_bad),
                cmocka_unit_test(more_headers_than_the_limit_are_bad),
                cmocka_unit_test(json_in_a_form_may_be_signed_instead_of_the_form),
                cmocka_unit_test(sha1_alone_is_told_from_nothing_and_from_enough),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
