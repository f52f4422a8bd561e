/* SPDX-License-Identifier: MIT */
/* Proofs of origin: the known answers of the senders' own documentation, and what must not pass for one. */
#include "webhookd/hook/signature.h"

#include <stdio.h>

#include "unit.h"
#include "webhookd/store/store.h"

#define HUB_KEY  "It's a Secret to Everybody"
#define HUB_BODY "Hello, World!"
#define HUB_HEX  "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

#define STANDARD_KEY  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_ID   "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STANDARD_TIME "1614265330"
#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_MAC  "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

#define NOW (UINT64_C(1614265330) * USEC_PER_SEC)

static Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

static SignatureKeys *keys_of(const char *text) {
        KeyProblem problem;
        SignatureKeys *keys = NULL;

        assert_int_equal(signature_keys_parse(text, strlen(text), &keys, &problem), 0);
        return keys;
}

/* Names and values in turn, NULL behind the last one. */
static SignatureVerdict check_at(const char *key_file, const char *body, Bytes form, uint64_t now,
                                 const char *const *texts) {
        _cleanup_(signature_keys_freep) SignatureKeys *keys = keys_of(key_file);
        Header headers[32];
        Request request = { .method = bytes("POST"), .body = bytes(body), .headers = headers };

        for (; texts[0]; texts += 2)
                headers[request.n_headers++] = (Header){ bytes(texts[0]), bytes(texts[1]) };

        return signature_check(keys, &request, form, now);
}

#define CHECK(keys, body, ...) \
        check_at(keys, body, (Bytes){ NULL, 0 }, NOW, (const char *const[]){ __VA_ARGS__, NULL })
#define STANDARD(keys, now, ...) \
        check_at(keys, STANDARD_BODY, (Bytes){ NULL, 0 }, now, (const char *const[]){ __VA_ARGS__, NULL })

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

static void known_answer_of_standard_webhooks_is_good_once(void **state) {
        (void) state;

        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", "v1," STANDARD_MAC),
                         SIGNATURE_GOOD_FINAL_ID);
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

static void key_of_standard_webhooks_is_good_without_its_prefix(void **state) {
        (void) state;

        assert_int_equal(STANDARD(&STANDARD_KEY[strlen("whsec_")], NOW, "webhook-id", STANDARD_ID,
                                  "webhook-timestamp", STANDARD_TIME, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_GOOD_FINAL_ID);
}

static void svix_headers_are_those_of_standard_webhooks(void **state) {
        (void) state;

        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "svix-id", STANDARD_ID, "svix-timestamp", STANDARD_TIME,
                                  "svix-signature", "v1," STANDARD_MAC),
                         SIGNATURE_GOOD_FINAL_ID);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "svix-id", STANDARD_ID, "svix-timestamp", STANDARD_TIME,
                                  "svix-signature", "v1,AAAA"),
                         SIGNATURE_BAD);
        /* Each kind has an id and a time of its own. */
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "svix-signature", "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
        /* Both say the same, or it would be open which id is the delivery's. */
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "svix-id", STANDARD_ID, "svix-timestamp", STANDARD_TIME,
                                  "svix-signature", "v1," STANDARD_MAC, "webhook-id", STANDARD_ID,
                                  "webhook-timestamp", STANDARD_TIME, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_GOOD_FINAL_ID);
        assert_int_equal(check_at("plain key", "{}", (Bytes){ NULL, 0 }, NOW,
                                  (const char *const[]){
                                                  "webhook-id", "a", "webhook-timestamp", STANDARD_TIME,
                                                  "webhook-signature",
                                                  "v1,8wln0NW3wFE5Bb/OazNNqavj6kB7zkaosUj7xfEt4+U=",
                                                  "svix-id", "b", "svix-timestamp", STANDARD_TIME,
                                                  "svix-signature",
                                                  "v1,wYVtxk9OEZtUvPPwtu17i669O9AJKjkaLBE0CduxX7w=", NULL }),
                         SIGNATURE_BAD);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "svix-id", STANDARD_ID, "svix-timestamp", STANDARD_TIME,
                                  "svix-signature", "v1," STANDARD_MAC, "svix-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
}

static void final_id_is_that_of_the_headers_that_are_signed(void **state) {
        static const Header svix[] = { { { "svix-id", 7 }, { "s", 1 } },
                                       { { "svix-signature", 14 }, { "x", 1 } } };
        static const Header both[] = { { { "svix-id", 7 }, { "s", 1 } },
                                       { { "svix-signature", 14 }, { "x", 1 } },
                                       { { "webhook-id", 10 }, { "w", 1 } } };
        const Request a = { .headers = svix, .n_headers = ELEMENTSOF(svix) };
        const Request b = { .headers = both, .n_headers = ELEMENTSOF(both) };

        (void) state;

        assert_true(bytes_equal(signature_final_id(&a), "s"));
        assert_true(bytes_equal(signature_final_id(&b), "s"));
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

static void one_good_signature_of_a_list_is_enough(void **state) {
        static const char zeroes[] = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        static const char *const good[] = {
                "v1," STANDARD_MAC " v1,AAAA",
                "v1,AAAA v1," STANDARD_MAC,
                "v1a,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1," STANDARD_MAC,
                "v2,x  v1," STANDARD_MAC " ",
                "v1,AAAA,v1," STANDARD_MAC,
                "v1," STANDARD_MAC ",v1,AAAA",
                "v1a,AAAA, v1," STANDARD_MAC,
                "v1," STANDARD_MAC ", v2,x v1,AAAA",
        };
        static const char *const bad[] = {
                "v1,AAAA",
                "v1," STANDARD_MAC "=",
                "v1a," STANDARD_MAC,
                STANDARD_MAC,
                "V1," STANDARD_MAC,
                "v1;" STANDARD_MAC,
                "v1," STANDARD_MAC ",",
                "v1," STANDARD_MAC ",x",
                ",v1," STANDARD_MAC,
                "v1,," STANDARD_MAC,
                "v1",
                ",",
                zeroes,
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                          STANDARD_TIME, "webhook-signature", good[i]),
                                 SIGNATURE_GOOD_FINAL_ID);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                          STANDARD_TIME, "webhook-signature", bad[i]),
                                 SIGNATURE_BAD);
}

static void list_beyond_the_limit_is_bad(void **state) {
        char list[1024] = "";

        (void) state;

        for (unsigned i = 1; i < SIGNATURES_MAX; i++)
                (void) strcat(list, "v1,x ");
        (void) strcat(list, "v1," STANDARD_MAC);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", list),
                         SIGNATURE_GOOD_FINAL_ID);
        (void) strcat(list, " v1,x");
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", list),
                         SIGNATURE_BAD);
}

static void time_stamp_is_tolerated_for_five_minutes_either_way(void **state) {
        static const struct {
                int64_t off; /* µs */
                SignatureVerdict verdict;
        } cases[] = {
                { 0, SIGNATURE_GOOD_FINAL_ID },
                { 300 * 1000000, SIGNATURE_GOOD_FINAL_ID },
                { -300 * 1000000, SIGNATURE_GOOD_FINAL_ID },
                { 300 * 1000000 + 1, SIGNATURE_BAD },
                { -300 * 1000000 - 1, SIGNATURE_BAD },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(STANDARD(STANDARD_KEY, NOW + (uint64_t) cases[i].off, "webhook-id",
                                          STANDARD_ID, "webhook-timestamp", STANDARD_TIME,
                                          "webhook-signature", "v1," STANDARD_MAC),
                                 cases[i].verdict);
        assert_int_equal(STANDARD(STANDARD_KEY, 0, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
}

static void time_stamp_that_is_no_number_is_bad(void **state) {
        static const char *const stamps[] = {
                "",           "-1",           "+1614265330",          "1614265330.0",
                "0x60378172", "1614265330 1", "18446744073709551616", "161426533000000000000000000000000",
                "1614265331", "now",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(stamps); i++)
                assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                          stamps[i], "webhook-signature", "v1," STANDARD_MAC),
                                 SIGNATURE_BAD);
}

static void standard_signature_without_its_id_or_time_is_bad(void **state) {
        (void) state;

        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-timestamp", STANDARD_TIME, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", "", "webhook-timestamp", STANDARD_TIME,
                                  "webhook-signature", "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", "other", "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
        /* Two of one kind leave open which is meant. */
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-id", STANDARD_ID,
                                  "webhook-timestamp", STANDARD_TIME, "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-timestamp", "1", "webhook-signature",
                                  "v1," STANDARD_MAC),
                         SIGNATURE_BAD);
}

static void id_beyond_its_limit_is_bad_though_it_is_signed(void **state) {
        static const struct {
                size_t length;
                const char *signature;
                SignatureVerdict verdict;
        } cases[] = {
                { DELIVERY_ID_MAX,
                  "v1,6lwqdZWvEUcwfxLSK6G0fgShMn2JlrF83N0ZNrVmgx8=", SIGNATURE_GOOD_FINAL_ID },
                { DELIVERY_ID_MAX + 1, "v1,Xn5fm6GXMiQJhKvuzBHZ4/dn2i/7BF9glpYGANuvB0A=", SIGNATURE_BAD },
        };
        char id[DELIVERY_ID_MAX + 2];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                memset(id, 'i', cases[i].length);
                id[cases[i].length] = '\0';
                assert_int_equal(check_at("plain key", "{}", (Bytes){ NULL, 0 }, NOW,
                                          (const char *const[]){ "webhook-id", id, "webhook-timestamp",
                                                                 STANDARD_TIME, "webhook-signature",
                                                                 cases[i].signature, NULL }),
                                 cases[i].verdict);
        }
}

static void id_with_a_full_stop_is_bad_though_it_is_signed(void **state) {
        (void) state;

        /* Both are what the key makes of "a.1614265330.{}" and "a.b.1614265330.{}". */
        assert_int_equal(check_at("plain key", "{}", (Bytes){ NULL, 0 }, NOW,
                                  (const char *const[]){
                                                  "webhook-id", "a", "webhook-timestamp", STANDARD_TIME,
                                                  "webhook-signature",
                                                  "v1,8wln0NW3wFE5Bb/OazNNqavj6kB7zkaosUj7xfEt4+U=", NULL }),
                         SIGNATURE_GOOD_FINAL_ID);
        assert_int_equal(check_at("plain key", "{}", (Bytes){ NULL, 0 }, NOW,
                                  (const char *const[]){
                                                  "webhook-id", "a.b", "webhook-timestamp", STANDARD_TIME,
                                                  "webhook-signature",
                                                  "v1,pzeCmbIRoR/qaGdKXYhjW06NnSqtILVhPfoxgVFZvTQ=", NULL }),
                         SIGNATURE_BAD);
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
                cmocka_unit_test(known_answer_of_github_is_good),
                cmocka_unit_test(bare_hex_of_gitea_and_forgejo_is_good),
                cmocka_unit_test(known_answer_of_standard_webhooks_is_good_once),
                cmocka_unit_test(literal_token_is_good_when_it_is_a_key),
                cmocka_unit_test(literal_token_of_any_length_is_compared),
                cmocka_unit_test(nothing_and_empty_headers_are_absent),
                cmocka_unit_test(empty_header_beside_a_good_one_is_good),
                cmocka_unit_test(changed_body_or_signature_is_bad),
                cmocka_unit_test(cut_or_lengthened_signature_is_bad),
                cmocka_unit_test(signature_of_another_form_is_bad),
                cmocka_unit_test(hex_may_be_in_capitals),
                cmocka_unit_test(key_is_read_without_what_is_around_it),
                cmocka_unit_test(key_of_standard_webhooks_is_good_without_its_prefix),
                cmocka_unit_test(svix_headers_are_those_of_standard_webhooks),
                cmocka_unit_test(final_id_is_that_of_the_headers_that_are_signed),
                cmocka_unit_test(one_bad_signature_beside_good_ones_is_bad),
                cmocka_unit_test(more_headers_than_the_limit_are_bad),
                cmocka_unit_test(every_key_of_the_file_is_good),
                cmocka_unit_test(one_good_signature_of_a_list_is_enough),
                cmocka_unit_test(list_beyond_the_limit_is_bad),
                cmocka_unit_test(time_stamp_is_tolerated_for_five_minutes_either_way),
                cmocka_unit_test(time_stamp_that_is_no_number_is_bad),
                cmocka_unit_test(standard_signature_without_its_id_or_time_is_bad),
                cmocka_unit_test(id_beyond_its_limit_is_bad_though_it_is_signed),
                cmocka_unit_test(id_with_a_full_stop_is_bad_though_it_is_signed),
                cmocka_unit_test(json_in_a_form_may_be_signed_instead_of_the_form),
                cmocka_unit_test(sha1_alone_is_told_from_nothing_and_from_enough),
                cmocka_unit_test(file_that_is_no_list_of_keys_is_refused),
                cmocka_unit_test(standard_key_is_decoded_with_and_without_padding_and_prefix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
