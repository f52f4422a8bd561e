/* SPDX-License-Identifier: MIT */
/* What a rollback goes back to, what it leaves alone, and what cancelling does to a row. */
#include "store-fixture.h"

#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define DIGEST_D "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

static void end(Fixture *f, uint64_t id, DeployState state) {
        assert_int_equal(store_finish_deploy(f->store, id, state, "", &(uint64_t){ 0 }), 1);
}

static uint64_t deploy(Fixture *f, const char *image, const char *digest, DeployState state) {
        uint64_t id = run_new(f, image, NULL);

        if (digest)
                assert_int_equal(store_resolve_deploy(f->store, id, digest), 1);
        end(f, id, state);
        return id;
}

/* Queues a rollback, and compares what it would deploy. NULL: there is nothing to go back to. */
static uint64_t roll_back(Fixture *f, const char *image, uint64_t generation) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(deploy_freep) Deploy *row = NULL;

        assert_int_equal(store_enqueue_rollback(f->store, f->dev, false, NULL, MAX_QUEUED, &result),
                         !!image);
        if (!image)
                return 0;

        assert_int_equal(store_find_deploy(f->store, result.deploy_id, &row), 1);
        assert_int_equal(row->state, DEPLOY_QUEUED);
        assert_string_equal(row->image, image);
        assert_string_equal(row->digest, strchr(image, '@') + 1);
        assert_string_equal(row->source, "rollback");
        assert_int_equal(row->generation, generation);
        return row->id;
}

static void roll_back_and_end(Fixture *f, const char *image, uint64_t generation, DeployState state) {
        uint64_t id = roll_back(f, image, generation);

        assert_int_equal(store_start_deploy(f->store, id), 1);
        end(f, id, state);
}

static void rollback_twice_goes_back_two(void **state) {
        Fixture *f = *state;
        uint64_t a = deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED),
                 b = deploy(f, APP ":2", DIGEST_B, DEPLOY_SUCCEEDED);

        (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_SUCCEEDED);
        roll_back_and_end(f, APP ":2@" DIGEST_B, b, DEPLOY_SUCCEEDED);
        roll_back_and_end(f, APP ":1@" DIGEST_A, a, DEPLOY_UNCHANGED);
        (void) roll_back(f, NULL, 0);
}

static void rollback_after_a_new_push_finds_what_ran_before_it(void **state) {
        Fixture *f = *state;
        uint64_t a = deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);

        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_SUCCEEDED);
        roll_back_and_end(f, APP ":1@" DIGEST_A, a, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_SUCCEEDED);
        (void) roll_back(f, APP ":1@" DIGEST_A, a);
}

static void rollback_passes_over_what_never_ran(void **state) {
        Fixture *f = *state;
        uint64_t a = deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);

        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_ROLLED_BACK);
        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_FAILED);
        (void) deploy(f, APP ":2", NULL, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":again", DIGEST_C, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_UNCHANGED);
        (void) deploy(f, APP ":4", DIGEST_D, DEPLOY_ROLLED_BACK);
        (void) roll_back(f, APP ":1@" DIGEST_A, a);
}

static void rollback_with_nothing_to_go_back_to_changes_nothing(void **state) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(stage_freep) Stage *stage = NULL;
        Fixture *f = *state;
        uint64_t queued;

        (void) roll_back(f, NULL, 0);
        (void) deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);
        queued = push_new(f->store, f->dev, APP ":2", 0);
        assert_int_equal(store_enqueue_rollback(f->store, f->dev, true, NULL, MAX_QUEUED, &result), 0);
        assert_int_equal(state_of(f->store, queued), DEPLOY_QUEUED);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &stage), 1);
        assert_true(stage->auto_deploy);
}

static void rollback_puts_the_queued_row_aside_and_holds_the_stage(void **state) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(stage_freep) Stage *stage = NULL;
        Fixture *f = *state;
        uint64_t queued;

        (void) deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_SUCCEEDED);
        queued = push_new(f->store, f->dev, APP ":3", 0);
        assert_int_equal(store_enqueue_rollback(f->store, f->dev, true, NULL, 1, &result), 1);
        assert_int_equal(state_of(f->store, queued), DEPLOY_CANCELLED);
        assert_int_equal(result.aside.id, queued);
        assert_int_equal(result.aside.state, DEPLOY_CANCELLED);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &stage), 1);
        assert_false(stage->auto_deploy);
}

static void rollback_beyond_a_full_queue_is_refused(void **state) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        Fixture *f = *state;

        (void) deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_SUCCEEDED);
        (void) push_new(f->store, f->prod, APP ":3", 0);
        assert_int_equal(store_enqueue_rollback(f->store, f->dev, true, NULL, 1, &result), -ENOBUFS);
}

static void targets_outlive_the_forgetting_of_finished_rows(void **state) {
        Fixture *f = *state;
        uint64_t a = deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);

        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_SUCCEEDED);
        for (unsigned i = 0; i < 2 * DEPLOYS_KEPT; i++)
                (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_ROLLED_BACK);
        roll_back_and_end(f, APP ":1@" DIGEST_A, a, DEPLOY_UNCHANGED);
        for (unsigned i = 0; i < 2 * DEPLOYS_KEPT; i++)
                (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_ROLLED_BACK);
        /* What runs is still known: the first generation, below which there is nothing. */
        (void) roll_back(f, NULL, 0);
}

static void what_runs_is_the_newest_that_came_up_or_was_brought_back(void **state) {
        _cleanup_(deploy_freep) Deploy *none = NULL, *newest = NULL, *back = NULL;
        Fixture *f = *state;
        uint64_t b;

        assert_int_equal(store_find_current(f->store, f->dev, &none), 0);
        assert_null(none);
        (void) deploy(f, APP ":1", DIGEST_A, DEPLOY_SUCCEEDED);
        b = deploy(f, APP ":2", DIGEST_B, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":3", DIGEST_C, DEPLOY_ROLLED_BACK);
        (void) deploy(f, APP ":2", DIGEST_B, DEPLOY_UNCHANGED);
        assert_int_equal(store_find_current(f->store, f->dev, &newest), 1);
        assert_int_equal(newest->id, b);
        roll_back_and_end(f, APP ":1@" DIGEST_A, newest->id - 1, DEPLOY_UNCHANGED);
        assert_int_equal(store_find_current(f->store, f->dev, &back), 1);
        assert_string_equal(back->digest, DIGEST_A);
        assert_int_equal(store_find_current(f->store, f->prod, &none), 0);
}

static void cancel_ends_a_queued_row_and_marks_a_running_one(void **state) {
        _cleanup_(deploy_freep) Deploy *one = NULL, *two = NULL, *three = NULL, *four = NULL;
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":1", NULL), queued = push_new(f->store, f->dev, APP ":2", 0);
        CancelVerdict verdict;

        assert_int_equal(store_cancel_deploy(f->store, 999, "why", &verdict, &one), 0);
        assert_int_equal(verdict, CANCEL_UNKNOWN);
        assert_null(one);
        assert_int_equal(store_cancel_deploy(f->store, queued, "why", &verdict, &two), 0);
        assert_int_equal(verdict, CANCEL_DONE);
        assert_int_equal(state_of(f->store, queued), DEPLOY_CANCELLED);
        assert_int_equal(store_cancel_deploy(f->store, queued, "why", &verdict, &three), 0);
        assert_int_equal(verdict, CANCEL_FINISHED);
        assert_int_equal(store_cancel_deploy(f->store, running, "why", &verdict, &four), 0);
        assert_int_equal(verdict, CANCEL_RUNNING);
        assert_int_equal(state_of(f->store, running), DEPLOY_RUNNING);
}

static void requeue(Fixture *f, uint64_t id, RequeueVerdict expected, unsigned attempts) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        RequeueVerdict verdict;
        uint64_t again;

        assert_int_equal(
                        store_requeue_deploy(f->store, id, &(Requeue){ .reason = "gone" }, &verdict, &again),
                        1);
        assert_int_equal(verdict, expected);
        assert_int_equal(state_of(f->store, id), requeue_state(expected));
        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_int_equal(deploy->attempts, attempts);
}

static void cancelled_row_that_fails_runs_on_to_be_undone_so_often(void **state) {
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL), newer;

        /* What it has tried before does not count for that. */
        for (unsigned i = 1; i < DEPLOY_ATTEMPTS_MAX; i++) {
                requeue(f, id, REQUEUE_QUEUED, i);
                assert_int_equal(store_start_deploy(f->store, id), 1);
        }
        assert_int_equal(store_mark_cancel(f->store, id, true), 1);
        /* What waits behind it goes on waiting. */
        newer = push_new(f->store, f->dev, APP ":2", 0);
        for (unsigned i = 1; i < DEPLOY_ATTEMPTS_MAX; i++) {
                requeue(f, id, REQUEUE_UNDO, i);
                assert_int_equal(store_mark_cancel(f->store, id, true), 1);
        }
        requeue(f, id, REQUEUE_CANCELLED, DEPLOY_ATTEMPTS_MAX);
        assert_int_equal(state_of(f->store, newer), DEPLOY_QUEUED);
}

static void push_never_joins_what_is_cancelled(void **state) {
        Fixture *f = *state;
        uint64_t one = run_new(f, APP ":1", NULL);
        Enqueue push = push_of(f->dev, APP ":1@" DIGEST_A);

        assert_int_equal(store_mark_cancel(f->store, one, true), 1);
        assert_true(push_new(f->store, f->dev, APP ":1", 0) > one);
        assert_int_equal(store_resolve_deploy(f->store, one, DIGEST_A), 1);
        push.digest = DIGEST_A;
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 1) > one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(rollback_twice_goes_back_two),
                TEST(rollback_after_a_new_push_finds_what_ran_before_it),
                TEST(rollback_passes_over_what_never_ran),
                TEST(rollback_with_nothing_to_go_back_to_changes_nothing),
                TEST(rollback_puts_the_queued_row_aside_and_holds_the_stage),
                TEST(rollback_beyond_a_full_queue_is_refused),
                TEST(targets_outlive_the_forgetting_of_finished_rows),
                TEST(what_runs_is_the_newest_that_came_up_or_was_brought_back),
                TEST(cancel_ends_a_queued_row_and_marks_a_running_one),
                TEST(cancelled_row_that_fails_runs_on_to_be_undone_so_often),
                TEST(push_never_joins_what_is_cancelled),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
