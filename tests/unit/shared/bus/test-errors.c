/* SPDX-License-Identifier: MIT */
#include "shared/bus/errors.h"

#include "unit.h"

static void error_names_and_numbers_map_both_ways(void **state) {
        (void) state;

#define X(id, name, number, verdict, meaning)                              \
        assert_string_equal(error_name_from_errno(-(number)), ERROR_##id); \
        assert_int_equal(error_name_to_errno(ERROR_##id), -(number));      \
        assert_int_equal(error_name_verdict(ERROR_##id), verdict);
        ERROR_TABLE(X)
#undef X
}

static void error_has_a_meaning_of_one_sentence(void **state) {
        (void) state;

#define X(id, name, number, verdict, meaning)                         \
        assert_string_equal(error_name_meaning(ERROR_##id), meaning); \
        assert_true(meaning[0] >= 'A' && meaning[0] <= 'Z');          \
        assert_int_equal(meaning[sizeof(meaning) - 2], '.');
        ERROR_TABLE(X)
#undef X
        assert_null(error_name_meaning("com.example.Whatever"));
        assert_null(error_name_meaning(NULL));
}

static void error_of_the_bus_is_tried_again(void **state) {
        (void) state;

        assert_int_equal(error_name_verdict("org.freedesktop.DBus.Error.NoReply"), ERROR_RETRY);
        assert_int_equal(error_name_verdict("org.freedesktop.DBus.Error.Spawn.ChildExited"), ERROR_RETRY);
}

static void error_of_access_or_unknown_name_is_final(void **state) {
        (void) state;

        assert_int_equal(error_name_verdict("org.freedesktop.DBus.Error.AccessDenied"), ERROR_FINAL);
        assert_int_equal(error_name_verdict("com.example.Whatever"), ERROR_FINAL);
        assert_int_equal(error_name_verdict(NULL), ERROR_FINAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(error_names_and_numbers_map_both_ways),
                cmocka_unit_test(error_has_a_meaning_of_one_sentence),
                cmocka_unit_test(error_of_the_bus_is_tried_again),
                cmocka_unit_test(error_of_access_or_unknown_name_is_final),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
