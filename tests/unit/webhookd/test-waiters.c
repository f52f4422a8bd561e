/* SPDX-License-Identifier: MIT */
/* Who waits, and what wakes them. */
#include "webhookd/waiters.h"

#include <stdio.h>

#include "shared/time-util.h"
#include "unit.h"

typedef struct TestWaiter {
        Waiter super;
        unsigned n_woken;
} TestWaiter;

typedef struct Fixture {
        sd_event *event;
        Waiters *waiters;
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        assert_int_equal(waiters_new(f->event, &f->waiters), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        waiters_free(f->waiters);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

static void count_wake(Waiter *waiter) {
        assert_null(waiter->slot);
        ((TestWaiter *) waiter)->n_woken++;
}

/* One that waits for these deploys, 0 for none, for so long. */
static TestWaiter waiter_of(uint64_t one, uint64_t two, uint64_t usec) {
        return (TestWaiter){ .super = { .deploys = { one, two },
                                        .n = 1 + (two > 0),
                                        .until = now_usec(CLOCK_MONOTONIC) + usec,
                                        .wake = count_wake } };
}

static void outcome_wakes_those_that_wait_for_nothing_else(void **state) {
        TestWaiter one = waiter_of(7, 0, USEC_PER_SEC), both = waiter_of(7, 8, USEC_PER_SEC),
                   twice = waiter_of(7, 7, USEC_PER_SEC), other = waiter_of(9, 0, USEC_PER_SEC);
        Fixture *f = *state;

        assert_int_equal(waiters_add(f->waiters, &one.super), 0);
        assert_int_equal(waiters_add(f->waiters, &both.super), 0);
        assert_int_equal(waiters_add(f->waiters, &twice.super), 0);
        assert_int_equal(waiters_add(f->waiters, &other.super), 0);
        assert_int_equal(waiters_count(f->waiters), 4);
        waiters_end_deploy(f->waiters, 6);
        assert_int_equal(waiters_count(f->waiters), 4);
        waiters_end_deploy(f->waiters, 7);
        assert_int_equal(waiters_count(f->waiters), 2);
        assert_int_equal(one.n_woken, 1);
        assert_int_equal(twice.n_woken, 1);
        assert_int_equal(both.n_woken, 0);
        waiters_end_deploy(f->waiters, 8);
        waiters_end_deploy(f->waiters, 7);
        assert_int_equal(both.n_woken, 1);
        assert_int_equal(one.n_woken, 1);
        assert_int_equal(other.n_woken, 0);
        waiters_remove(f->waiters, &other.super);
}

static void time_of_each_is_its_own(void **state) {
        TestWaiter later = waiter_of(7, 0, 3600 * USEC_PER_SEC), soon = waiter_of(7, 0, 20 * USEC_PER_MSEC),
                   at_once = waiter_of(7, 0, 0);
        Fixture *f = *state;

        assert_int_equal(waiters_add(f->waiters, &soon.super), 0);
        assert_int_equal(waiters_add(f->waiters, &later.super), 0);
        assert_int_equal(waiters_add(f->waiters, &at_once.super), 0);
        while (at_once.n_woken == 0 || soon.n_woken == 0)
                assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
        assert_int_equal(waiters_count(f->waiters), 1);
        assert_int_equal(later.n_woken, 0);
        /* Nobody is left whose time comes soon: nothing happens. */
        waiters_remove(f->waiters, &later.super);
        while (sd_event_run(f->event, 0) > 0)
                ;
        assert_int_equal(later.n_woken, 0);
}

static void waiter_that_is_gone_is_woken_by_nothing(void **state) {
        TestWaiter one = waiter_of(7, 0, USEC_PER_SEC), two = waiter_of(7, 0, USEC_PER_SEC),
                   three = waiter_of(7, 0, USEC_PER_SEC);
        Fixture *f = *state;

        assert_int_equal(waiters_add(f->waiters, &one.super), 0);
        assert_int_equal(waiters_add(f->waiters, &two.super), 0);
        assert_int_equal(waiters_add(f->waiters, &three.super), 0);
        waiters_remove(f->waiters, &two.super);
        waiters_remove(f->waiters, &two.super);
        waiters_release(f->waiters, &two.super);
        waiters_end_deploy(f->waiters, 7);
        assert_int_equal(one.n_woken, 1);
        assert_int_equal(two.n_woken, 0);
        assert_int_equal(three.n_woken, 1);
        assert_int_equal(waiters_count(f->waiters), 0);
}

static void waiter_can_be_released_alone_or_with_all(void **state) {
        TestWaiter one = waiter_of(7, 0, USEC_PER_SEC), two = waiter_of(8, 0, USEC_PER_SEC),
                   three = waiter_of(9, 0, USEC_PER_SEC);
        Fixture *f = *state;

        assert_int_equal(waiters_add(f->waiters, &one.super), 0);
        assert_int_equal(waiters_add(f->waiters, &two.super), 0);
        waiters_release(f->waiters, &one.super);
        waiters_release(f->waiters, &one.super);
        assert_int_equal(one.n_woken, 1);
        assert_int_equal(two.n_woken, 0);
        waiters_release_all(f->waiters);
        assert_int_equal(two.n_woken, 1);
        assert_int_equal(waiters_add(f->waiters, &three.super), 0);
        waiters_stop(f->waiters);
        assert_int_equal(three.n_woken, 1);
        assert_int_equal(waiters_add(f->waiters, &one.super), -ESHUTDOWN);
        assert_int_equal(one.n_woken, 1);
}

static void no_more_than_so_many_wait(void **state) {
        TestWaiter *many = calloc(WAITERS_MAX + 1, sizeof(*many));
        Fixture *f = *state;

        assert_non_null(many);
        for (size_t i = 0; i <= WAITERS_MAX; i++) {
                many[i] = waiter_of(7, 0, USEC_PER_SEC);
                assert_int_equal(waiters_add(f->waiters, &many[i].super), i < WAITERS_MAX ? 0 : -EUSERS);
        }
        waiters_remove(f->waiters, &many[5].super);
        assert_int_equal(waiters_add(f->waiters, &many[WAITERS_MAX].super), 0);
        waiters_end_deploy(f->waiters, 7);
        for (size_t i = 0; i <= WAITERS_MAX; i++)
                assert_int_equal(many[i].n_woken, i != 5);
        free(many);
}

static TestWaiter waiter_of_hook(const char *hook) {
        TestWaiter waiter = waiter_of(7, 0, USEC_PER_SEC);

        (void) snprintf(waiter.super.hook, sizeof(waiter.super.hook), "%s", hook);
        return waiter;
}

static size_t count_released(const TestWaiter *many, size_t n) {
        size_t released = 0;

        for (size_t i = 0; i < n; i++)
                released += many[i].n_woken > 0;

        return released;
}

/* The one with most gives up its newest, until none has more than one more than those that ask. */
static void hook_that_has_most_places_makes_room_for_others(void **state) {
        TestWaiter *greedy = calloc(WAITERS_MAX, sizeof(*greedy)),
                   *modest = calloc(WAITERS_MAX, sizeof(*modest)), late = waiter_of_hook("late"),
                   again = waiter_of_hook("greedy");
        Fixture *f = *state;

        assert_non_null(greedy);
        assert_non_null(modest);
        for (size_t i = 0; i < WAITERS_MAX; i++) {
                greedy[i] = waiter_of_hook("greedy");
                assert_int_equal(waiters_add(f->waiters, &greedy[i].super), 0);
        }
        for (size_t i = 0; i < WAITERS_MAX; i++) {
                modest[i] = waiter_of_hook("modest");
                assert_int_equal(waiters_add(f->waiters, &modest[i].super),
                                 i < WAITERS_MAX / 2 ? 0 : -EUSERS);
                assert_int_equal(waiters_count(f->waiters), WAITERS_MAX);
                assert_int_equal(waiters_add(f->waiters, &again.super), -EUSERS);
        }
        for (size_t i = 0; i < WAITERS_MAX; i++) {
                assert_int_equal(greedy[i].n_woken, i >= WAITERS_MAX / 2);
                assert_int_equal(greedy[i].super.is_over, i >= WAITERS_MAX / 2);
        }
        assert_int_equal(count_released(modest, WAITERS_MAX), 0);
        assert_int_equal(waiters_add(f->waiters, &late.super), 0);
        assert_int_equal(count_released(greedy, WAITERS_MAX) + count_released(modest, WAITERS_MAX),
                         WAITERS_MAX / 2 + 1);
        waiters_release_all(f->waiters);
        free(greedy);
        free(modest);
}

static void requests_of_one_hook_can_be_woken_and_may_wait_on(void **state) {
        TestWaiter one = waiter_of_hook("shop"), two = waiter_of_hook("blog"),
                   three = waiter_of_hook("shop");
        Fixture *f = *state;

        assert_int_equal(waiters_add(f->waiters, &one.super), 0);
        assert_int_equal(waiters_add(f->waiters, &two.super), 0);
        assert_int_equal(waiters_add(f->waiters, &three.super), 0);
        waiters_wake_hook(f->waiters, "sho");
        assert_int_equal(waiters_count(f->waiters), 3);
        waiters_wake_hook(f->waiters, "shop");
        assert_int_equal(waiters_count(f->waiters), 1);
        assert_int_equal(one.n_woken + three.n_woken, 2);
        assert_int_equal(two.n_woken, 0);
        assert_false(one.super.is_over);
        assert_int_equal(waiters_add(f->waiters, &one.super), 0);
        waiters_release_all(f->waiters);
        assert_int_equal(one.n_woken, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(outcome_wakes_those_that_wait_for_nothing_else),
                TEST(time_of_each_is_its_own),
                TEST(waiter_that_is_gone_is_woken_by_nothing),
                TEST(waiter_can_be_released_alone_or_with_all),
                TEST(no_more_than_so_many_wait),
                TEST(hook_that_has_most_places_makes_room_for_others),
                TEST(requests_of_one_hook_can_be_woken_and_may_wait_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
