/* SPDX-License-Identifier: MIT */
#include "shared/errors.h"

#include "unit.h"

static void error_names_and_numbers_map_both_ways(void **state) {
        (void) state;

#define X(id, name, number, verdict)                                       \
        assert_string_equal(error_name_from_errno(-(number)), ERROR_##id); \
        assert_int_equal(error_name_to_errno(ERROR_##id), -(number));      \
        assert_int_equal(error_name_verdict(ERROR_##id), verdict);
        ERROR_TABLE(X)
#undef X
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
                cmocka_unit_test(error_of_the_bus_is_tried_again),
                cmocka_unit_test(error_of_access_or_unknown_name_is_final),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
