/* SPDX-License-Identifier: MIT */
#include "shared/log-budget.h"

#include "unit.h"

static const char line[] = "a line", other_line[] = "a line";

static void line_is_let_through_once_a_minute_and_told_how_many_it_stands_for(void **state) {
        uint64_t now = 1000, n = 77;

        (void) state;

        assert_true(log_budget_take(line, now, &n));
        assert_int_equal(n, 0);
        for (unsigned i = 1; i < 60; i++)
                assert_false(log_budget_take(line, now + i * USEC_PER_SEC, &n));
        assert_true(log_budget_take(line, now + 60 * USEC_PER_SEC, &n));
        assert_int_equal(n, 59);
        assert_false(log_budget_take(line, now + 61 * USEC_PER_SEC, &n));
        assert_true(log_budget_take(line, now + 200 * USEC_PER_SEC, &n));
        assert_int_equal(n, 1);
        assert_true(log_budget_take(line, now + 300 * USEC_PER_SEC, &n));
        assert_int_equal(n, 0);
}

static void line_of_another_place_has_a_budget_of_its_own(void **state) {
        uint64_t now = 1000 * USEC_PER_SEC, n;

        (void) state;

        assert_true(log_budget_take(line, now, &n));
        assert_true(log_budget_take(other_line, now, &n));
        assert_false(log_budget_take(line, now, &n));
        assert_false(log_budget_take(other_line, now, &n));
}

static void line_beyond_the_last_budget_takes_that_of_the_oldest(void **state) {
        static const char many[LOG_BUDGETS_MAX + 1][2];
        uint64_t now = 2000 * USEC_PER_SEC, n;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(many); i++)
                assert_true(log_budget_take(many[i], now + i, &n));
        for (size_t i = 1; i < ELEMENTSOF(many); i++)
                assert_false(log_budget_take(many[i], now + 100, &n));
        assert_true(log_budget_take(many[0], now + 100, &n));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(line_is_let_through_once_a_minute_and_told_how_many_it_stands_for),
                cmocka_unit_test(line_of_another_place_has_a_budget_of_its_own),
                cmocka_unit_test(line_beyond_the_last_budget_takes_that_of_the_oldest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
