/* SPDX-License-Identifier: MIT */
/* How rows go from queued to running, and from there to their end or back. */
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "store-fixture.h"

static Deploy *find(Fixture *f, uint64_t id) {
        Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        return deploy;
}

static void requeue(Fixture *f, uint64_t id, bool counts, RequeueVerdict expected) {
        RequeueVerdict verdict;

        assert_int_equal(store_requeue_deploy(f->store, id,
                                              &(Requeue){ .bound = counts ? REQUEUE_BOUND_ATTEMPTS
                                                                          : REQUEUE_BOUND_NONE,
                                                          .delay_usec = 5 * USEC_PER_SEC,
                                                          .reason = "EngineFailed: 500" },
                                              &verdict, &(uint64_t){ 0 }),
                         1);
        assert_int_equal(verdict, expected);
}

static void state_names_are_those_of_the_schema(void **state) {
        Fixture *f = *state;

        for (DeployState s = 0; s < _DEPLOY_STATE_MAX; s++) {
                _cleanup_(deploy_freep) Deploy *deploy = NULL;
                uint64_t id = run_new(f, APP ":1", NULL);

                assert_int_equal(deploy_state_from_string(deploy_state_to_string(s)), s);
                if (!deploy_state_is_final(s)) {
                        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_FAILED, NULL,
                                                             &(uint64_t){ 0 }),
                                         1);
                        continue;
                }

                assert_int_equal(store_finish_deploy(f->store, id, s, NULL, &(uint64_t){ 0 }), 1);
                deploy = find(f, id);
                assert_int_equal(deploy->state, s);
        }
        assert_int_equal(deploy_state_from_string("Queued"), -EINVAL);
        assert_int_equal(deploy_state_from_string(""), -EINVAL);
}

static void ids_are_never_used_again(void **state) {
        Fixture *f = *state;
        uint64_t last = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_execute(f->store, "DELETE FROM deploys"), 0);
        assert_true(push_new(f->store, f->dev, APP ":1", 0) > last);
}

static void order_is_by_id_and_never_by_time(void **state) {
        _cleanup_(deploy_list_done) DeployList all = { 0 };
        Fixture *f = *state;
        uint64_t ready = 0, first = push_new(f->store, f->dev, APP ":1", 0),
                 second = push_new(f->store, f->prod, APP ":1", 0);

        /* The clock was set back between the two. */
        assert_int_equal(store_execute(f->store, "UPDATE deploys SET queued_at = 1 WHERE id = "
                                                 "(SELECT max(id) FROM deploys)"),
                         0);
        assert_int_equal(store_next_ready(f->store, 0, &ready), 1);
        assert_int_equal(ready, first);
        assert_int_equal(store_next_ready(f->store, ready, &ready), 1);
        assert_int_equal(ready, second);
        assert_int_equal(store_next_ready(f->store, ready, &ready), 0);
        assert_int_equal(store_list_deploys(f->store, NULL, NULL, 10, &all), 0);
        assert_int_equal(all.items[0].id, second);
        assert_int_equal(all.items[1].id, first);
}

static void start_runs_a_queued_row_once(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t before = now_usec(CLOCK_REALTIME), id = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_start_deploy(f->store, id), 0);
        deploy = find(f, id);
        assert_int_equal(deploy->state, DEPLOY_RUNNING);
        assert_in_range(deploy->started_at, before, now_usec(CLOCK_REALTIME));
}

static void start_refuses_what_is_not_there_or_not_queued(void **state) {
        Fixture *f = *state;
        uint64_t first = push_new(f->store, f->dev, APP ":1", 0),
                 second = push_new(f->store, f->dev, APP ":2", 1);

        assert_int_equal(store_start_deploy(f->store, first), 0);
        assert_int_equal(store_start_deploy(f->store, second + 1), 0);
        assert_int_equal(store_start_deploy(f->store, 0), 0);
        assert_int_equal(store_start_deploy(f->store, UINT64_MAX), 0);
        assert_int_equal(store_start_deploy(f->store, second), 1);
}

static void start_runs_one_row_of_a_stage_at_a_time(void **state) {
        Fixture *f = *state;
        uint64_t first = run_new(f, APP ":1", NULL), second = push_new(f->store, f->dev, APP ":2", 0),
                 other = push_new(f->store, f->prod, APP ":2", 0);

        assert_int_equal(store_start_deploy(f->store, second), 0);
        assert_int_equal(store_start_deploy(f->store, other), 1);
        assert_int_equal(store_finish_deploy(f->store, first, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        assert_int_equal(store_start_deploy(f->store, second), 1);
}

static void schema_makes_two_running_or_queued_rows_of_a_stage_impossible(void **state) {
        static const char *const states[] = { "'running'", "'queued'" };
        Fixture *f = *state;

        (void) run_new(f, APP ":1", NULL);
        (void) push_new(f->store, f->dev, APP ":2", 0);
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                char sql[256];

                (void) snprintf(sql, sizeof(sql),
                                "INSERT INTO deploys(stage_id, image, source, state, queued_at, started_at) "
                                "VALUES(%" PRIi64 ", 'x', 'manual', %s, 1, 1)",
                                f->dev, states[i]);
                assert_int_equal(store_execute(f->store, sql), -EEXIST);
        }
}

static void schema_refuses_what_the_rules_never_write(void **state) {
        static const char *const sqls[] = {
                "UPDATE deploys SET state = 'done'",
                "UPDATE deploys SET state = 'succeeded'",
                "UPDATE deploys SET finished_at = 1",
                "UPDATE deploys SET state = 'running', started_at = 0",
                "UPDATE deploys SET attempts = 6",
                "UPDATE deploys SET image = ''",
                "UPDATE deploys SET image = NULL",
                "UPDATE deploys SET stage_id = 99",
                "UPDATE deploys SET queued_at = 'yesterday'",
                "UPDATE stages SET max_instances = 0",
                "UPDATE stages SET max_instances = 17",
                "UPDATE stages SET project_id = 99",
                "UPDATE projects SET port = 65536",
                "UPDATE projects SET auto_created = 2",
                "UPDATE projects SET name = ''",
        };
        Fixture *f = *state;

        (void) push_new(f->store, f->dev, APP ":1", 0);
        for (size_t i = 0; i < ELEMENTSOF(sqls); i++)
                assert_int_equal(store_execute(f->store, sqls[i]), -EINVAL);
}

static void resolve_keeps_the_digest_of_a_running_row(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_resolve_deploy(f->store, id, DIGEST_A), 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_resolve_deploy(f->store, id, DIGEST_A), 1);
        /* Attempts of a deployer that died may have found another. */
        assert_int_equal(store_resolve_deploy(f->store, id, DIGEST_B), 1);
        deploy = find(f, id);
        assert_string_equal(deploy->digest, DIGEST_B);
        assert_int_equal(store_resolve_deploy(f->store, UINT64_MAX, DIGEST_A), 0);
}

static void resolve_never_replaces_a_digest_that_the_push_named(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP "@" DIGEST_A);
        uint64_t id;

        push.digest = DIGEST_A;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_resolve_deploy(f->store, id, DIGEST_B), 0);
        deploy = find(f, id);
        assert_string_equal(deploy->digest, DIGEST_A);
}

static void finish_ends_a_running_row_once(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t before = now_usec(CLOCK_REALTIME), id = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_FAILED, "early", &(uint64_t){ 0 }), 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_ROLLED_BACK, "exited with 3",
                                             &(uint64_t){ 0 }),
                         1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "late", &(uint64_t){ 0 }), 0);
        assert_int_equal(store_finish_deploy(f->store, UINT64_MAX, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }),
                         0);
        deploy = find(f, id);
        assert_int_equal(deploy->state, DEPLOY_ROLLED_BACK);
        assert_string_equal(deploy->reason, "exited with 3");
        assert_in_range(deploy->finished_at, before, now_usec(CLOCK_REALTIME));
}

static void reason_is_cut_at_its_limit_and_never_inside_a_character(void **state) {
        static const struct {
                size_t ascii, expected;
        } cases[] = {
                { REASON_MAX - 3, REASON_MAX },
                { REASON_MAX - 2, REASON_MAX - 2 },
                { REASON_MAX - 1, REASON_MAX - 1 },
                { REASON_MAX, REASON_MAX },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(deploy_freep) Deploy *deploy = NULL;
                uint64_t id = run_new(f, APP ":1", NULL);
                char text[REASON_MAX + 64];

                /* Then come characters of three bytes. */
                memset(text, 'x', cases[i].ascii);
                (void) snprintf(text + cases[i].ascii, sizeof(text) - cases[i].ascii, "€€€€€€");
                assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_FAILED, text, &(uint64_t){ 0 }),
                                 1);
                deploy = find(f, id);
                assert_int_equal(strlen(deploy->reason), cases[i].expected);
                assert_memory_equal(deploy->reason, text, cases[i].expected);
        }
}

static void requeue_puts_the_row_back_without_its_digest(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":latest", NULL);

        assert_int_equal(store_resolve_deploy(f->store, id, DIGEST_A), 1);
        requeue(f, id, true, REQUEUE_QUEUED);
        deploy = find(f, id);
        assert_int_equal(deploy->state, DEPLOY_QUEUED);
        assert_int_equal(deploy->attempts, 1);
        assert_null(deploy->digest);
        assert_int_equal(deploy->started_at, 0);
        assert_string_equal(deploy->reason, "EngineFailed: 500");
}

static void requeue_says_until_the_next_attempt_when_that_is(void **state) {
        _cleanup_(deploy_freep) Deploy *waiting = NULL, *running = NULL;
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL), now = now_usec(CLOCK_REALTIME);

        requeue(f, id, false, REQUEUE_QUEUED);
        waiting = find(f, id);
        assert_int_equal(waiting->tries, 1);
        assert_true(waiting->next_at >= now + 5 * USEC_PER_SEC);
        assert_true(waiting->next_at < now + 60 * USEC_PER_SEC);

        assert_int_equal(store_start_deploy(f->store, id), 1);
        running = find(f, id);
        assert_int_equal(running->tries, 2);
        assert_int_equal(running->next_at, 0);
        assert_string_equal(running->reason, "");
}

static void requeue_bound_by_time_ends_when_that_is_over(void **state) {
        Requeue requeue = { .bound = REQUEUE_BOUND_TIME,
                            .retry_for_usec = 3600 * USEC_PER_SEC,
                            .reason = "429" };
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);
        RequeueVerdict verdict;

        for (unsigned i = 0; i < 4 * DEPLOY_ATTEMPTS_MAX; i++) {
                assert_int_equal(store_start_deploy(f->store, id), 1);
                assert_int_equal(store_requeue_deploy(f->store, id, &requeue, &verdict, &(uint64_t){ 0 }),
                                 1);
                assert_int_equal(verdict, REQUEUE_QUEUED);
        }

        requeue.retry_for_usec = 1;
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_requeue_deploy(f->store, id, &requeue, &verdict, &(uint64_t){ 0 }), 1);
        assert_int_equal(verdict, REQUEUE_EXHAUSTED);
        deploy = find(f, id);
        assert_int_equal(deploy->state, DEPLOY_FAILED);
        assert_int_equal(deploy->attempts, 0);
        assert_string_equal(deploy->reason, "429");
}

static void requeue_keeps_the_digest_that_the_push_named(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1@" DIGEST_A);
        uint64_t id;

        push.digest = DIGEST_A;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        requeue(f, id, false, REQUEUE_QUEUED);
        deploy = find(f, id);
        assert_string_equal(deploy->digest, DIGEST_A);
}

static void requeue_that_does_not_count_goes_on_for_ever(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);

        for (unsigned i = 0; i < 4 * DEPLOY_ATTEMPTS_MAX; i++) {
                assert_int_equal(store_start_deploy(f->store, id), 1);
                requeue(f, id, false, REQUEUE_QUEUED);
        }
        deploy = find(f, id);
        assert_int_equal(deploy->attempts, 0);
}

static void requeue_fails_the_row_at_its_fifth_attempt(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);

        for (unsigned i = 1; i <= DEPLOY_ATTEMPTS_MAX; i++) {
                assert_int_equal(store_start_deploy(f->store, id), 1);
                requeue(f, id, true, i < DEPLOY_ATTEMPTS_MAX ? REQUEUE_QUEUED : REQUEUE_EXHAUSTED);
        }
        deploy = find(f, id);
        assert_int_equal(deploy->state, DEPLOY_FAILED);
        assert_int_equal(deploy->attempts, DEPLOY_ATTEMPTS_MAX);
        assert_string_equal(deploy->reason, "EngineFailed: 500");
        assert_true(deploy->finished_at > 0);
}

static void requeue_gives_way_to_a_newer_row_that_waits(void **state) {
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL), newer = push_new(f->store, f->dev, APP ":2", 0),
                 other = push_new(f->store, f->prod, APP ":2", 0);

        requeue(f, id, true, REQUEUE_SUPERSEDED);
        assert_int_equal(state_of(f->store, id), DEPLOY_SUPERSEDED);
        assert_int_equal(state_of(f->store, newer), DEPLOY_QUEUED);
        assert_int_equal(state_of(f->store, other), DEPLOY_QUEUED);
}

static void requeue_of_a_row_that_is_not_running_changes_nothing(void **state) {
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);
        RequeueVerdict verdict;

        assert_int_equal(store_requeue_deploy(f->store, id, &(Requeue){ .reason = "" }, &verdict,
                                              &(uint64_t){ 0 }),
                         0);
        assert_int_equal(verdict, REQUEUE_QUEUED);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        assert_int_equal(store_requeue_deploy(f->store, id, &(Requeue){ .reason = "" }, &verdict,
                                              &(uint64_t){ 0 }),
                         0);
        assert_int_equal(verdict, REQUEUE_SUPERSEDED);
        assert_int_equal(store_requeue_deploy(f->store, UINT64_MAX, &(Requeue){ .reason = "" }, &verdict,
                                              &(uint64_t){ 0 }),
                         0);
        assert_int_equal(verdict, REQUEUE_SUPERSEDED);
        assert_int_equal(state_of(f->store, id), DEPLOY_SUCCEEDED);
}

static void damaged_row_is_an_error_and_no_crash(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_execute(f->store, "PRAGMA ignore_check_constraints = ON"), 0);
        assert_int_equal(store_execute(f->store, "UPDATE deploys SET state = 'lost'"), 0);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), -EIO);
        assert_null(deploy);
        assert_string_equal(store_error(f->store), "a row is damaged");
        assert_int_equal(store_execute(f->store, "UPDATE deploys SET state = 'queued', attempts = -1"), 0);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(state_names_are_those_of_the_schema),
                TEST(ids_are_never_used_again),
                TEST(order_is_by_id_and_never_by_time),
                TEST(start_runs_a_queued_row_once),
                TEST(start_refuses_what_is_not_there_or_not_queued),
                TEST(start_runs_one_row_of_a_stage_at_a_time),
                TEST(schema_makes_two_running_or_queued_rows_of_a_stage_impossible),
                TEST(schema_refuses_what_the_rules_never_write),
                TEST(resolve_keeps_the_digest_of_a_running_row),
                TEST(resolve_never_replaces_a_digest_that_the_push_named),
                TEST(finish_ends_a_running_row_once),
                TEST(reason_is_cut_at_its_limit_and_never_inside_a_character),
                TEST(requeue_puts_the_row_back_without_its_digest),
                TEST(requeue_says_until_the_next_attempt_when_that_is),
                TEST(requeue_bound_by_time_ends_when_that_is_over),
                TEST(requeue_keeps_the_digest_that_the_push_named),
                TEST(requeue_that_does_not_count_goes_on_for_ever),
                TEST(requeue_fails_the_row_at_its_fifth_attempt),
                TEST(requeue_gives_way_to_a_newer_row_that_waits),
                TEST(requeue_of_a_row_that_is_not_running_changes_nothing),
                TEST(damaged_row_is_an_error_and_no_crash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
