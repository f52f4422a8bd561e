/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/health-timing.h"

#include "shared/json.h"
#include "shared/time-util.h"
#include "unit.h"

#define MIN (60 * USEC_PER_SEC)

static void expect_timing(const char *text, uint64_t first, uint64_t verdict) {
        _cleanup_(json_freep) json_t *json = NULL;
        HealthTiming timing;
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        timing = health_timing_read(json);
        assert_int_equal(health_timing_first(&timing), first);
        assert_int_equal(health_timing_verdict(&timing), verdict);
}

static void timing_is_what_the_check_says(void **state) {
        (void) state;

        expect_timing("{\"Interval\":180000000000}", 3 * MIN, 3 * (3 * MIN + 30 * USEC_PER_SEC));
        expect_timing("{\"Interval\":60000000000,\"Timeout\":10000000000,\"Retries\":5,"
                      "\"StartPeriod\":120000000000}",
                      MIN, 2 * MIN + 5 * (MIN + 10 * USEC_PER_SEC));
        expect_timing("{\"Interval\":1000000,\"Timeout\":1000000,\"Retries\":1}", 1000, 2000);
}

static void timing_of_the_start_has_an_interval_of_its_own(void **state) {
        (void) state;

        expect_timing("{\"Interval\":60000000000,\"Timeout\":1000000000,\"Retries\":1,"
                      "\"StartPeriod\":120000000000,\"StartInterval\":5000000000}",
                      5 * USEC_PER_SEC, 2 * MIN + 61 * USEC_PER_SEC);
        /* Without a time of the start it is never used. */
        expect_timing("{\"Interval\":60000000000,\"Timeout\":1000000000,\"Retries\":1,"
                      "\"StartInterval\":5000000000}",
                      MIN, 61 * USEC_PER_SEC);
}

static void timing_that_is_not_there_is_the_engines_default(void **state) {
        static const char *const texts[] = {
                "{}", "[]", "{\"Interval\":0,\"Timeout\":0,\"Retries\":0,\"StartPeriod\":0}",
                "{\"Interval\":-1,\"Timeout\":\"1s\",\"Retries\":-9223372036854775808,\"StartPeriod\":[]}"
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                expect_timing(texts[i], 30 * USEC_PER_SEC, 3 * MIN);
}

static void timing_that_is_absurd_does_not_overflow(void **state) {
        static const char text[] = "{\"Interval\":9223372036854775807,\"Timeout\":9223372036854775807,"
                                   "\"Retries\":9223372036854775807,\"StartPeriod\":9223372036854775807}";
        const uint64_t week = 7 * 24 * 60 * MIN;

        (void) state;

        expect_timing(text, week, week + 1000 * 2 * week);
}

static void spans_are_told_in_their_units(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } spans[] = {
                { 0, "0ms" },
                { 500 * USEC_PER_MSEC, "500ms" },
                { 5 * USEC_PER_SEC, "5s" },
                { 10 * MIN + 30 * USEC_PER_SEC, "10min 30s" },
                { 3 * MIN, "3min" },
                { 60 * MIN + 1 * USEC_PER_SEC, "1h 1s" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                char text[HEALTH_SPAN_SIZE];

                health_span_print(spans[i].usec, text);
                assert_string_equal(text, spans[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(timing_is_what_the_check_says),
                cmocka_unit_test(timing_of_the_start_has_an_interval_of_its_own),
                cmocka_unit_test(timing_that_is_not_there_is_the_engines_default),
                cmocka_unit_test(timing_that_is_absurd_does_not_overflow),
                cmocka_unit_test(spans_are_told_in_their_units),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
