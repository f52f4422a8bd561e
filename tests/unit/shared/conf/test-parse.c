/* SPDX-License-Identifier: MIT */
#include "shared/conf/parse.h"

#include "unit.h"

static void number_is_digits_only_and_within_its_limit(void **state) {
        static const char *const bad[] = {
                "", " ", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e3", "a", "1\n"
        };
        uint64_t value = 7;

        (void) state;

        assert_int_equal(parse_uint("0", 0, &value), 0);
        assert_int_equal(value, 0);
        assert_int_equal(parse_uint("0042", 42, &value), 0);
        assert_int_equal(value, 42);
        assert_int_equal(parse_uint("18446744073709551615", UINT64_MAX, &value), 0);
        assert_true(value == UINT64_MAX);

        value = 7;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_uint(bad[i], UINT64_MAX, &value), -EINVAL);
        assert_int_equal(parse_uint("43", 42, &value), -ERANGE);
        assert_int_equal(parse_uint("18446744073709551616", UINT64_MAX, &value), -ERANGE);
        assert_int_equal(parse_uint("99999999999999999999999", UINT64_MAX, &value), -ERANGE);
        assert_int_equal(value, 7);
}

typedef struct Span {
        const char *text;
        uint64_t usec;
} Span;

static void span_is_read_as_systemd_reads_it(void **state) {
        static const Span spans[] = {
                { "0", 0 },
                { "90", 90 * USEC_PER_SEC },
                { " 90 ", 90 * USEC_PER_SEC },
                { "5s", 5 * USEC_PER_SEC },
                { "500ms", 500 * USEC_PER_MSEC },
                { "7us", 7 },
                { "7 µs", 7 },
                { "1min 30s", 90 * USEC_PER_SEC },
                { "1min30s", 90 * USEC_PER_SEC },
                { "1 minute 30 seconds", 90 * USEC_PER_SEC },
                { "1m 1m", 120 * USEC_PER_SEC },
                { "2h", 7200 * USEC_PER_SEC },
                { "1d", 86400 * USEC_PER_SEC },
                { "1w", 604800 * USEC_PER_SEC },
                { "1M", 2629800 * USEC_PER_SEC },
                { "1y", 31557600 * USEC_PER_SEC },
                { "1.5h", 5400 * USEC_PER_SEC },
                { ".5s", 500 * USEC_PER_MSEC },
                { "0.0000009s", 0 },
                { "1.9999999s", 1999999 },
                { "90 30", 120 * USEC_PER_SEC },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                uint64_t usec = UINT64_MAX;

                if (parse_sec(spans[i].text, &usec) < 0 || usec != spans[i].usec)
                        fail_msg("'%s' is not %llu", spans[i].text, (unsigned long long) spans[i].usec);
        }
}

static void span_that_is_none_is_refused(void **state) {
        static const char *const bad[] = { "",     " ",   "s",   "-1",  "+1",       "5.",  "5.s", ".",
                                           "1..5", "1 x", "5mn", "5 S", "infinity", "5,5", "1s;" };
        uint64_t usec = 7;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (parse_sec(bad[i], &usec) != -EINVAL)
                        fail_msg("'%s' is not refused", bad[i]);

        assert_int_equal(parse_sec("18446744073709551615", &usec), -ERANGE);
        assert_int_equal(parse_sec("18446744073709551615us 1us", &usec), -ERANGE);
        assert_int_equal(parse_sec("99999999999999999999999999999", &usec), -ERANGE);
        assert_int_equal(parse_sec("584555y", &usec), -ERANGE);
        assert_int_equal(usec, 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(number_is_digits_only_and_within_its_limit),
                cmocka_unit_test(span_is_read_as_systemd_reads_it),
                cmocka_unit_test(span_that_is_none_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
