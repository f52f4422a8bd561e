/* SPDX-License-Identifier: MIT */
/*
 * The queue where its neighbours fail it: a store that cannot be read or written for a while, a deployer whose answers make
 * no sense, a bus that is gone. No deploy is lost over it, and nobody has to ask again.
 */
#include "dispatch-fixture.h"
#include "webhookd/store/statement.h"

/* Longer than Dispatch lets pass before it tries again. */
#define PATIENCE_USEC (20 * USEC_PER_SEC)

static void store_set_writable(Fixture *f, bool writable) {
        assert_int_equal(store_execute(f->store,
                                       writable ? "PRAGMA query_only = 0" : "PRAGMA query_only = 1"),
                         0);
}

static void store_set_readable(Fixture *f, bool readable) {
        assert_int_equal(store_execute(f->store, readable ? "ALTER TABLE hidden RENAME TO deploys"
                                                          : "ALTER TABLE deploys RENAME TO hidden"),
                         0);
}

static DeployState state_of(Fixture *f, uint64_t id) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        return deploy->state;
}

/* Lets time pass, and asks for nothing. */
static void wait_for_state(Fixture *f, uint64_t id, DeployState state) {
        uint64_t end = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;

        while (state_of(f, id) != state && now_usec(CLOCK_MONOTONIC) < end)
                assert_true(sd_event_run(f->event, 100 * USEC_PER_MSEC) >= 0);
        assert_int_equal(state_of(f, id), state);
        settle(f);
}

static void dispatch_starts_by_itself_what_the_store_could_not(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        store_set_writable(f, false);
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_STARTED], 0);

        store_set_writable(f, true);
        wait_for_state(f, id, DEPLOY_RUNNING);
        assert_int_equal(f->n_calls, 1);
        assert_int_equal(f->n_events[EVENT_DEPLOY_STARTED], 1);
}

static void dispatch_writes_by_itself_the_outcome_that_the_store_could_not(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        store_set_writable(f, false);
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_SUCCEEDED], 0);

        store_set_writable(f, true);
        wait_for_state(f, id, DEPLOY_SUCCEEDED);
        assert_int_equal(f->n_events[EVENT_DEPLOY_SUCCEEDED], 1);
        assert_int_equal(f->n_calls, 1);
}

static void dispatch_puts_back_by_itself_what_the_store_could_not(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        store_set_writable(f, false);
        answer_error(f, id, ERROR_ENGINE_FAILED, "503");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);

        store_set_writable(f, true);
        wait_for_state(f, id, DEPLOY_QUEUED);
        assert_row(f, id, DEPLOY_QUEUED, NULL, 1);
}

static void dispatch_reads_by_itself_the_queue_that_it_could_not(void **state) {
        Fixture *f = *state;
        uint64_t left, queued;

        left = push(f, "a", "a.example/app:v1");
        dispatch_kick(f->dispatch);
        settle(f);
        queued = push(f, "b", "a.example/app:v1");

        /* As after a restart of the process. */
        f->dispatch = dispatch_free(f->dispatch);
        make_dispatch(f);
        store_set_readable(f, false);
        dispatch_resume(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);

        store_set_readable(f, true);
        wait_for_state(f, queued, DEPLOY_RUNNING);
        assert_int_equal(f->n_calls, 3);
        assert_int_equal(f->calls[1].id, left);
}

static void dispatch_goes_on_without_keeping_a_digest(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:latest");

        dispatch_kick(f->dispatch);
        settle(f);
        store_set_writable(f, false);
        dispatch_progress(f->dispatch, id, PHASE_RESOLVED, DIGEST);
        store_set_writable(f, true);
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, "", 0);
}

static void dispatch_takes_an_answer_that_it_cannot_read_for_none(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        f->nonsense = "TriggerDeploy";
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_events[EVENT_DEPLOY_STARTED], 1);
        assert_row(f, id, DEPLOY_QUEUED, NULL, 1);
}

static void dispatch_goes_on_without_a_list_that_it_can_read(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        f->highest = 500;
        f->nonsense = "ListInstances";
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
        assert_int_equal(f->calls[0].id, id);
}

static void dispatch_leaves_to_its_next_start_what_it_cannot_call_for(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        sd_bus_close(f->client);
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 0);
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_has_one_more_deploy_follow_for_what_joined_unresolved(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:latest");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(push(f, "dev", "a.example/app:latest"), id);
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, "", 0);
        assert_int_equal(f->n_calls, 2);
        assert_true(f->calls[1].id > id);
        assert_string_equal(f->calls[1].image, "a.example/app:latest");
        assert_int_equal(f->n_events[EVENT_DELIVERY_ACCEPTED], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(dispatch_starts_by_itself_what_the_store_could_not),
                TEST(dispatch_writes_by_itself_the_outcome_that_the_store_could_not),
                TEST(dispatch_puts_back_by_itself_what_the_store_could_not),
                TEST(dispatch_reads_by_itself_the_queue_that_it_could_not),
                TEST(dispatch_goes_on_without_keeping_a_digest),
                TEST(dispatch_takes_an_answer_that_it_cannot_read_for_none),
                TEST(dispatch_goes_on_without_a_list_that_it_can_read),
                TEST(dispatch_leaves_to_its_next_start_what_it_cannot_call_for),
                TEST(dispatch_has_one_more_deploy_follow_for_what_joined_unresolved),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
