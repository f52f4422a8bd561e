/* SPDX-License-Identifier: MIT */
#include "webhookd/queue/backoff.h"

#include "unit.h"

static void backoff_doubles_up_to_its_maximum(void **state) {
        static const uint64_t expected[] = { 5, 10, 20, 40, 80, 160, 300, 300 };
        Backoff backoff = { 0 };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                assert_int_equal(backoff_next(&backoff, 7, 1000), expected[i] * USEC_PER_SEC);
        backoff_done(&backoff);
}

static void backoff_keeps_deploys_apart(void **state) {
        Backoff backoff = { 0 };

        (void) state;

        (void) backoff_next(&backoff, 1, 0);
        (void) backoff_next(&backoff, 1, 0);
        (void) backoff_next(&backoff, 2, 0);
        assert_false(backoff_is_over(&backoff, 1, 10 * USEC_PER_SEC - 1));
        assert_true(backoff_is_over(&backoff, 1, 10 * USEC_PER_SEC));
        assert_true(backoff_is_over(&backoff, 2, 5 * USEC_PER_SEC));
        assert_true(backoff_is_over(&backoff, 3, 0));
        assert_int_equal(backoff_first(&backoff, 0), 5 * USEC_PER_SEC);
        assert_int_equal(backoff_first(&backoff, 5 * USEC_PER_SEC), 10 * USEC_PER_SEC);
        assert_true(backoff_first(&backoff, 10 * USEC_PER_SEC) == UINT64_MAX);
        backoff_done(&backoff);
}

static void backoff_forgets_who_succeeded(void **state) {
        Backoff backoff = { 0 };

        (void) state;

        for (uint64_t deploy = 1; deploy <= 40; deploy++)
                (void) backoff_next(&backoff, deploy, 0);
        backoff_forget(&backoff, 1);
        backoff_forget(&backoff, 99);
        assert_int_equal(backoff.n, 39);
        assert_true(backoff_is_over(&backoff, 1, 0));
        assert_false(backoff_is_over(&backoff, 40, 0));
        backoff_done(&backoff);
}

static void backoff_drops_what_nobody_asks_for(void **state) {
        Backoff backoff = { 0 };

        (void) state;

        (void) backoff_next(&backoff, 1, 0);
        (void) backoff_next(&backoff, 2, 2 * 3600 * USEC_PER_SEC);
        assert_int_equal(backoff.n, 1);
        backoff_done(&backoff);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(backoff_doubles_up_to_its_maximum),
                cmocka_unit_test(backoff_keeps_deploys_apart),
                cmocka_unit_test(backoff_forgets_who_succeeded),
                cmocka_unit_test(backoff_drops_what_nobody_asks_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
