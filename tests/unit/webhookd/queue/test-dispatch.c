/* SPDX-License-Identifier: MIT */
/*
 * The queue's way to the deployer and back, over two ends of a socketpair: the real Dispatch, the real proxy and the real
 * store on one side, an object that answers as it is told on the other.
 */
#include "dispatch-fixture.h"

static void dispatch_hands_a_queued_row_to_the_deployer(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);
        assert_string_equal(call_of(f, id)->stage, "dev");
        assert_string_equal(call_of(f, id)->image, "a.example/app:v1");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_STARTED], 1);

        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, "", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_SUCCEEDED], 1);
        assert_int_equal(f->n_succeeded, 1);
}

static void dispatch_runs_one_deploy_per_stage_at_a_time(void **state) {
        Fixture *f = *state;
        uint64_t first = push(f, "dev", "a.example/app:v1"), second;

        dispatch_kick(f->dispatch);
        settle(f);
        second = push(f, "dev", "a.example/app:v2");
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);

        answer(f, first, OUTCOME_ROLLED_BACK, "it crashed");
        assert_row(f, first, DEPLOY_ROLLED_BACK, "it crashed", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_ROLLED_BACK], 1);
        assert_int_equal(f->n_calls, 2);
        assert_row(f, second, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_hands_out_what_was_passed_once_it_can(void **state) {
        Fixture *f = *state;
        uint64_t first = push(f, "dev", "a.example/app:v1"), behind, failed, last;

        dispatch_kick(f->dispatch);
        settle(f);
        behind = push(f, "dev", "a.example/app:v2");
        failed = push(f, "prod", "a.example/app:v1");
        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, failed, ERROR_ENGINE_UNREACHABLE, "no socket");
        assert_row(f, failed, DEPLOY_QUEUED, NULL, 0);
        assert_row(f, behind, DEPLOY_QUEUED, NULL, 0);

        /* Both were passed: one waits for its time, the other for its stage. */
        last = push(f, "prod", "a.example/app:v2");
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, last, DEPLOY_RUNNING, NULL, 0);
        answer(f, first, OUTCOME_SUCCEEDED, "");
        settle(f);
        assert_row(f, behind, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_runs_no_more_than_its_limit_at_once(void **state) {
        Fixture *f = *state;
        uint64_t ids[3] = { push(f, "a", "a.example/app:v1"), push(f, "b", "a.example/app:v1"),
                            push(f, "c", "a.example/app:v1") };

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 2);
        assert_row(f, ids[2], DEPLOY_QUEUED, NULL, 0);

        answer(f, ids[1], OUTCOME_UNCHANGED, "");
        assert_int_equal(f->n_calls, 3);
        assert_row(f, ids[2], DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_ends_a_row_whose_error_is_final(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:nope");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_PULL_FAILED, "manifest unknown");
        assert_row(f, id, DEPLOY_FAILED, "PullFailed: manifest unknown", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_FAILED], 1);
        assert_int_equal(f->n_calls, 1);
}

static void dispatch_puts_a_row_back_whose_error_may_pass(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_ENGINE_FAILED, "503");
        assert_row(f, id, DEPLOY_QUEUED, "EngineFailed: 503", 1);
        assert_int_equal(f->n_events[EVENT_DEPLOY_RETRIED], 1);

        /* Not before its time. */
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);
}

static void dispatch_does_not_count_an_unreachable_engine(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_ENGINE_UNREACHABLE, "no socket");
        assert_row(f, id, DEPLOY_QUEUED, NULL, 0);
}

static void dispatch_does_not_count_a_deployer_that_cannot_be_started(void **state) {
        static const char *const errors[] = {
                "org.freedesktop.DBus.Error.NoReply",        "org.freedesktop.DBus.Error.TimedOut",
                "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
                "org.freedesktop.systemd1.NoSuchUnit",       "org.freedesktop.DBus.Error.Spawn.ChildExited",
                "org.freedesktop.DBus.Error.AccessDenied",
        };
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                f->start_error = errors[i];
                f->dispatch = dispatch_free(f->dispatch);
                make_dispatch(f);
                dispatch_kick(f->dispatch);
                settle(f);
                assert_row(f, id, DEPLOY_QUEUED,
                           i == 0 ? "DeployerUnreachable: the bus did not start the deployer within 30 s"
                                  : "DeployerUnreachable: the bus cannot start the deployer: no such unit",
                           0);
        }
        assert_int_equal(f->n_calls, 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_RETRIED], ELEMENTSOF(errors));

        f->start_error = NULL;
        f->dispatch = dispatch_free(f->dispatch);
        make_dispatch(f);
        dispatch_kick(f->dispatch);
        settle(f);
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, NULL, 0);
}

static void dispatch_does_not_count_a_deployer_that_ended_before_the_call(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, "org.freedesktop.DBus.Error.ServiceUnknown", "nobody has that name");
        assert_row(f, id, DEPLOY_QUEUED,
                   "DeployerUnreachable: the deployer ended before the call reached it", 0);
}

static void dispatch_gives_up_after_its_attempts(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        for (unsigned i = 0; i < DEPLOY_ATTEMPTS_MAX; i++) {
                /* A new Dispatch remembers no waiting, as after a restart. */
                f->dispatch = dispatch_free(f->dispatch);
                make_dispatch(f);
                dispatch_kick(f->dispatch);
                settle(f);
                assert_int_equal(f->n_calls, i + 1);
                answer_error(f, id, "org.freedesktop.DBus.Error.NoReply", "gone");
        }

        assert_row(f, id, DEPLOY_FAILED, NULL, DEPLOY_ATTEMPTS_MAX);
        assert_int_equal(f->n_events[EVENT_DEPLOY_FAILED], 1);
}

static void dispatch_waits_for_a_registry_longer_than_attempts_count(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        for (unsigned i = 0; i < 2 * DEPLOY_ATTEMPTS_MAX; i++) {
                f->dispatch = dispatch_free(f->dispatch);
                make_dispatch(f);
                dispatch_kick(f->dispatch);
                settle(f);
                assert_int_equal(f->n_calls, i + 1);
                answer_error(f, id, ERROR_REGISTRY_UNAVAILABLE, "429");
                assert_row(f, id, DEPLOY_QUEUED, "RegistryUnavailable: 429", 0);
        }

        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_int_equal(deploy->tries, 2 * DEPLOY_ATTEMPTS_MAX);
        assert_true(deploy->next_at > now_usec(CLOCK_REALTIME));
        assert_int_equal(f->n_events[EVENT_DEPLOY_FAILED], 0);
}

static void dispatch_gives_a_registry_up_after_its_time(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        f->limits.retry_for_usec = 0;
        f->dispatch = dispatch_free(f->dispatch);
        make_dispatch(f);
        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_REGISTRY_UNAVAILABLE, "429");
        assert_row(f, id, DEPLOY_FAILED, "RegistryUnavailable: 429", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_FAILED], 1);
}

static void dispatch_prefers_a_newer_push_to_waiting(void **state) {
        Fixture *f = *state;
        uint64_t old = push(f, "dev", "a.example/app:v1"), new;

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, old, ERROR_ENGINE_FAILED, "500");
        new = push(f, "dev", "a.example/app:v2");
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, old, DEPLOY_SUPERSEDED, NULL, 1);
        assert_row(f, new, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_calls_again_for_what_a_dead_attempt_left(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        dispatch_progress(f->dispatch, id, PHASE_RESOLVED, DIGEST);
        f->dispatch = dispatch_free(f->dispatch);
        make_dispatch(f);
        dispatch_resume(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 2);
        assert_false(f->calls[1].undo);
        assert_int_equal(f->calls[1].id, id);
        assert_string_equal(f->calls[1].image, "a.example/app:v1@" DIGEST);
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, NULL, 0);
}

static void dispatch_keeps_a_row_running_when_it_is_stopped(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        dispatch_stop(f->dispatch);
        answer_error(f, id, "org.freedesktop.DBus.Error.NoReply", "gone");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_survives_the_end_of_its_connection(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        sd_bus_close(f->server);
        settle(f);
        assert_row(f, id, DEPLOY_QUEUED, NULL, 1);
}

static void dispatch_does_not_join_a_push_after_the_digest_was_resolved(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:latest");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(push(f, "dev", "a.example/app:latest"), id);
        dispatch_progress(f->dispatch, id, PHASE_RESOLVED, DIGEST);
        assert_true(push(f, "dev", "a.example/app:latest") > id);
}

static void dispatch_goes_on_above_the_ids_that_the_engine_has(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        f->highest = 500;
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, id, DEPLOY_SUPERSEDED, NULL, 0);
        assert_int_equal(f->n_calls, 1);
        assert_int_equal(f->calls[0].id, 501);
        assert_row(f, 501, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_goes_on_above_the_ids_of_a_lost_store(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        f->foreign = 9000;
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, id, DEPLOY_SUPERSEDED, NULL, 0);
        assert_row(f, 9001, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_asks_for_the_ids_again_until_it_is_told(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1"), other;

        f->list_fails = true;
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
        assert_int_equal(f->n_lists, 1);

        f->list_fails = false;
        f->foreign = 9000;
        other = push(f, "dev", "a.example/app:v2");
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_int_equal(f->n_lists, 2);
        assert_row(f, other, DEPLOY_SUPERSEDED, NULL, 0);
        assert_row(f, 9001, DEPLOY_RUNNING, NULL, 0);

        answer(f, 9001, OUTCOME_SUCCEEDED, "");
        (void) push(f, "dev", "a.example/app:v3");
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_lists, 2);
}

static void dispatch_refuses_an_outcome_that_does_not_exist(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer(f, id, "splendid", "");
        assert_row(f, id, DEPLOY_FAILED, NULL, 0);
        assert_int_equal(f->n_succeeded, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(dispatch_hands_a_queued_row_to_the_deployer),
                TEST(dispatch_runs_one_deploy_per_stage_at_a_time),
                TEST(dispatch_hands_out_what_was_passed_once_it_can),
                TEST(dispatch_runs_no_more_than_its_limit_at_once),
                TEST(dispatch_ends_a_row_whose_error_is_final),
                TEST(dispatch_puts_a_row_back_whose_error_may_pass),
                TEST(dispatch_does_not_count_an_unreachable_engine),
                TEST(dispatch_does_not_count_a_deployer_that_cannot_be_started),
                TEST(dispatch_does_not_count_a_deployer_that_ended_before_the_call),
                TEST(dispatch_gives_up_after_its_attempts),
                TEST(dispatch_waits_for_a_registry_longer_than_attempts_count),
                TEST(dispatch_gives_a_registry_up_after_its_time),
                TEST(dispatch_prefers_a_newer_push_to_waiting),
                TEST(dispatch_calls_again_for_what_a_dead_attempt_left),
                TEST(dispatch_keeps_a_row_running_when_it_is_stopped),
                TEST(dispatch_survives_the_end_of_its_connection),
                TEST(dispatch_does_not_join_a_push_after_the_digest_was_resolved),
                TEST(dispatch_goes_on_above_the_ids_that_the_engine_has),
                TEST(dispatch_goes_on_above_the_ids_of_a_lost_store),
                TEST(dispatch_asks_for_the_ids_again_until_it_is_told),
                TEST(dispatch_refuses_an_outcome_that_does_not_exist),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
