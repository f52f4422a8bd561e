/* SPDX-License-Identifier: MIT */
/* The queue where a deploy that runs is called off: the deployer undoes it, whoever has died over it meanwhile. */
#include "dispatch-fixture.h"

/* As after a restart of the process, which remembers no waiting. */
static void resume_anew(Fixture *f) {
        f->dispatch = dispatch_free(f->dispatch);
        make_dispatch(f);
        dispatch_resume(f->dispatch);
        settle(f);
}

static void dispatch_has_a_cancelled_row_undone_that_a_dead_attempt_left(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_false(call_of(f, id)->undo);
        assert_int_equal(store_mark_cancel(f->store, id, true), 1);
        resume_anew(f);
        assert_int_equal(f->n_calls, 2);
        assert_true(call_of(f, id)->undo);
        answer_error(f, id, ERROR_CANCELLED, "undone");
        assert_row(f, id, DEPLOY_CANCELLED, "Cancelled: undone", 0);
}

static void dispatch_has_a_cancelled_row_undone_when_the_deployer_dies_over_it(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1"), newer;

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(store_mark_cancel(f->store, id, true), 1);
        newer = push(f, "dev", "a.example/app:v2");
        answer_error(f, id, "org.freedesktop.DBus.Error.NoReply", "gone");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 1);
        assert_int_equal(f->n_events[EVENT_DEPLOY_RETRIED], 1);

        /* Not at once, and nothing of the stage before it. */
        dispatch_resume(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);
        assert_row(f, newer, DEPLOY_QUEUED, NULL, 0);

        /* Nobody has to ask for it. */
        for (unsigned i = 0; i < 100 && f->n_calls < 2; i++)
                (void) sd_event_run(f->event, 100 * USEC_PER_MSEC);
        assert_int_equal(f->n_calls, 2);
        assert_true(call_of(f, id)->undo);
        answer_error(f, id, ERROR_CANCELLED, "undone");
        assert_row(f, id, DEPLOY_CANCELLED, "Cancelled: undone", 1);
        assert_row(f, newer, DEPLOY_RUNNING, NULL, 0);
        assert_false(call_of(f, newer)->undo);
}

static void dispatch_gives_up_undoing_after_its_attempts(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(store_mark_cancel(f->store, id, true), 1);
        answer_error(f, id, ERROR_ENGINE_UNREACHABLE, "no socket");
        for (unsigned i = 0; i < DEPLOY_ATTEMPTS_MAX; i++) {
                assert_row(f, id, DEPLOY_RUNNING, NULL, i);
                resume_anew(f);
                answer_error(f, id, ERROR_ENGINE_FAILED, "500");
        }

        assert_row(f, id, DEPLOY_CANCELLED, "EngineFailed: 500", DEPLOY_ATTEMPTS_MAX);
        resume_anew(f);
        assert_int_equal(f->n_calls, 1 + DEPLOY_ATTEMPTS_MAX);
}

static void dispatch_ends_a_row_as_cancelled_when_the_deployer_undid_it(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_CANCELLED, "undone");
        assert_row(f, id, DEPLOY_CANCELLED, "Cancelled: undone", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(dispatch_has_a_cancelled_row_undone_that_a_dead_attempt_left),
                TEST(dispatch_has_a_cancelled_row_undone_when_the_deployer_dies_over_it),
                TEST(dispatch_gives_up_undoing_after_its_attempts),
                TEST(dispatch_ends_a_row_as_cancelled_when_the_deployer_undid_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
