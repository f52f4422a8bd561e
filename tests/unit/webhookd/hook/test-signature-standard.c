/* SPDX-License-Identifier: MIT */
/* Signatures of Standard Webhooks: their ids, their times, and lists of them. */
#include "signature-fixture.h"

static void known_answer_of_standard_webhooks_is_good_once(void **state) {
        (void) state;

        assert_int_equal(STANDARD(STANDARD_KEY, NOW, "webhook-id", STANDARD_ID, "webhook-timestamp",
                                  STANDARD_TIME, "webhook-signature", "v1," STANDARD_MAC),
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_answer_of_standard_webhooks_is_good_once),
                cmocka_unit_test(key_of_standard_webhooks_is_good_without_its_prefix),
                cmocka_unit_test(svix_headers_are_those_of_standard_webhooks),
                cmocka_unit_test(final_id_is_that_of_the_headers_that_are_signed),
                cmocka_unit_test(one_good_signature_of_a_list_is_enough),
                cmocka_unit_test(list_beyond_the_limit_is_bad),
                cmocka_unit_test(time_stamp_is_tolerated_for_five_minutes_either_way),
                cmocka_unit_test(time_stamp_that_is_no_number_is_bad),
                cmocka_unit_test(standard_signature_without_its_id_or_time_is_bad),
                cmocka_unit_test(id_beyond_its_limit_is_bad_though_it_is_signed),
                cmocka_unit_test(id_with_a_full_stop_is_bad_though_it_is_signed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
