/* SPDX-License-Identifier: MIT */
/* The rules of the queue: what a push becomes, what it puts aside, and how much is kept. */
#include "shared/time-util.h"
#include "store-fixture.h"
#include "webhookd/store/statement.h"

static void push_to_an_empty_stage_is_a_queued_row(void **state) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1@" DIGEST_A);
        uint64_t before = now_usec(CLOCK_REALTIME), id;

        push.digest = DIGEST_A;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_int_equal(deploy->state, DEPLOY_QUEUED);
        assert_int_equal(deploy->stage_id, f->dev);
        assert_string_equal(deploy->project, "app");
        assert_string_equal(deploy->stage, "dev");
        assert_string_equal(deploy->image, APP ":1@" DIGEST_A);
        assert_string_equal(deploy->digest, DIGEST_A);
        assert_string_equal(deploy->source, "webhook");
        assert_string_equal(deploy->reason, "");
        assert_int_equal(deploy->attempts, 0);
        assert_in_range(deploy->queued_at, before, now_usec(CLOCK_REALTIME));
        assert_int_equal(deploy->started_at, 0);
        assert_int_equal(deploy->finished_at, 0);
}

static void push_to_a_stage_that_does_not_exist_is_refused(void **state) {
        EnqueueResult result = { .verdict = ENQUEUE_REDELIVERED };
        Fixture *f = *state;
        Enqueue push = push_of(f->prod + 1, APP ":1");

        assert_int_equal(store_enqueue(f->store, &push, &result), -EINVAL);
        assert_true(strlen(store_error(f->store)) > 0);
        /* Outputs are untouched. */
        assert_int_equal(result.verdict, ENQUEUE_REDELIVERED);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
}

static void newer_push_supersedes_the_queued_row(void **state) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(deploy_freep) Deploy *older = NULL;
        Fixture *f = *state;
        uint64_t first = push_new(f->store, f->dev, APP ":1", 0);
        Enqueue push = push_of(f->dev, APP ":2");

        assert_int_equal(store_enqueue(f->store, &push, &result), 0);
        assert_int_equal(result.verdict, ENQUEUE_NEW);
        assert_int_equal(result.state, DEPLOY_QUEUED);
        assert_true(result.deploy_id > first);
        assert_int_equal(result.aside.id, first);
        assert_int_equal(result.aside.state, DEPLOY_SUPERSEDED);
        assert_string_equal(result.aside.image, APP ":1");

        assert_int_equal(store_find_deploy(f->store, first, &older), 1);
        assert_int_equal(older->state, DEPLOY_SUPERSEDED);
        assert_int_equal(older->superseded_by, result.deploy_id);
        assert_true(older->finished_at > 0);
}

static void newer_push_leaves_the_running_row_alone(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":1", NULL);
        uint64_t queued = push_new(f->store, f->dev, APP ":2", 0);

        assert_int_equal(state_of(f->store, running), DEPLOY_RUNNING);
        assert_int_equal(state_of(f->store, queued), DEPLOY_QUEUED);
}

static void push_supersedes_nothing_of_another_stage(void **state) {
        Fixture *f = *state;
        uint64_t other = push_new(f->store, f->prod, APP ":1", 0);

        (void) push_new(f->store, f->dev, APP ":2", 0);
        assert_int_equal(state_of(f->store, other), DEPLOY_QUEUED);
}

static void push_of_the_same_image_joins_the_queued_row(void **state) {
        Fixture *f = *state;
        uint64_t first = push_new(f->store, f->dev, APP ":1", 0);
        Enqueue push = push_of(f->dev, APP ":1");

        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), first);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);

        /* Of another stage it does not. */
        push.stage_id = f->prod;
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > first);
}

static void push_with_another_digest_is_another_image(void **state) {
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1@" DIGEST_A);
        uint64_t first;

        push.digest = DIGEST_A;
        first = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        push.image = APP ":1@" DIGEST_B;
        push.digest = DIGEST_B;
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 1) > first);
}

static void push_without_digest_joins_the_running_row_until_it_is_resolved(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":latest", NULL);
        Enqueue push = push_of(f->dev, APP ":latest");

        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), running);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);

        assert_int_equal(store_resolve_deploy(f->store, running, DIGEST_A), 1);
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > running);
}

static void push_without_digest_never_joins_a_running_row_of_another_image(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":1", NULL);

        assert_true(push_new(f->store, f->dev, APP ":2", 0) > running);
}

static void push_without_digest_never_joins_a_row_that_runs_by_digest(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":1@" DIGEST_A, DIGEST_A);

        assert_true(push_new(f->store, f->dev, APP ":1", 0) > running);
}

static void push_joins_the_running_row_of_its_digest(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":latest", NULL);
        Enqueue push = push_of(f->dev, APP ":v1@" DIGEST_A);

        push.digest = DIGEST_A;
        /* While the digest is not known, that it is the same is not known either. */
        assert_int_equal(store_resolve_deploy(f->store, running, DIGEST_B), 1);
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > running);
        assert_int_equal(store_resolve_deploy(f->store, running, DIGEST_A), 1);
        push.image = APP ":v2@" DIGEST_A;
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 1), running);
}

static void push_that_joins_the_running_row_puts_older_queued_ones_aside(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":latest", NULL);
        uint64_t older = push_new(f->store, f->dev, APP ":other", 0);
        Enqueue push = push_of(f->dev, APP ":latest");

        /* What is pushed last is what the stage ends with. */
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 1), running);
        assert_int_equal(state_of(f->store, older), DEPLOY_SUPERSEDED);
}

static void full_queue_takes_no_new_row_but_lets_pushes_join_and_supersede(void **state) {
        EnqueueResult result;
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1");
        uint64_t first;

        push.max_queued = 1;
        first = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        push.stage_id = f->prod;
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        push.stage_id = f->dev;
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), first);
        push.image = APP ":2";
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 1) > first);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);
}

static void push_that_a_full_queue_refuses_leaves_no_trace(void **state) {
        EnqueueResult result;
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":2");
        uint64_t first = push_new(f->store, f->dev, APP ":1", 0), row;

        push.max_queued = 0;
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        assert_int_equal(state_of(f->store, first), DEPLOY_QUEUED);
        push.max_queued = MAX_QUEUED;
        row = enqueue(f->store, &push, ENQUEUE_NEW, 1);
        assert_int_equal(row, first + 1);
}

static uint64_t finish(Fixture *f, uint64_t id, DeployState state) {
        uint64_t again;

        assert_int_equal(store_finish_deploy(f->store, id, state, "", &again), 1);
        return again;
}

static void rows_that_never_began_are_kept_sixteen_a_stage(void **state) {
        static const char pushes_sql[] = "SELECT count(*) FROM pushes";
        _cleanup_(deploy_list_done) DeployList list = { 0 };
        uint64_t last = 0, failed, n = 0, before, other;
        int64_t pushes = 0;
        Fixture *f = *state;
        bool pruned = false;
        Enqueue push = push_of(f->dev, APP ":known");
        RequeueVerdict verdict;
        uint64_t known;

        /* That of another stage, and one that was begun before it was put aside. */
        (void) push_new(f->store, f->prod, APP ":0", 0);
        other = push_new(f->store, f->prod, APP ":1", 1);
        failed = run_new(f, APP ":run", NULL);
        push.delivery_id = "known";
        push.delivery_id_is_final = true;
        known = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_requeue_deploy(f->store, failed, &(Requeue){ .reason = "EngineFailed: 500" },
                                              &verdict, &(uint64_t){ 0 }),
                         1);
        assert_int_equal(state_of(f->store, failed), DEPLOY_SUPERSEDED);

        for (unsigned i = 0; !pruned || i < 3 * DEPLOYS_UNKEPT; i++) {
                char image[64];

                assert_true(i < 6 * DEPLOYS_UNKEPT);
                (void) snprintf(image, sizeof(image), APP ":%u", i);
                push = push_of(f->dev, image);
                push.pushed_at = 1000 + i;
                last = enqueue(f->store, &push, ENQUEUE_NEW, 1);
                before = n;
                n = count_of(f->store, DEPLOY_SUPERSEDED) - 2;
                assert_true(n <= PUT_ASIDE_KEPT + DEPLOYS_UNKEPT);
                pruned = n < before;
        }

        assert_int_equal(n, PUT_ASIDE_KEPT);
        assert_int_equal(store_list_deploys(f->store, "app", "dev", 1000, &list), 0);
        assert_int_equal(list.n, PUT_ASIDE_KEPT + 2);
        assert_int_equal(list.items[0].id, last);
        assert_int_equal(list.items[PUT_ASIDE_KEPT].id, last - PUT_ASIDE_KEPT);
        assert_int_equal(list.items[PUT_ASIDE_KEPT + 1].id, failed);
        assert_int_equal(state_of(f->store, other), DEPLOY_QUEUED);

        /* When they were pushed is known of those that are left, and of no others. */
        assert_int_equal(store_read_number(f->store, pushes_sql, NO_VALUES, &pushes), 1);
        assert_int_equal(pushes, PUT_ASIDE_KEPT + 1);

        /* What its sender sends again is still known. */
        push = push_of(f->dev, APP ":known");
        push.delivery_id = "known";
        push.delivery_id_is_final = true;
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), known);
}

static void finished_rows_are_kept_two_hundred_a_stage(void **state) {
        _cleanup_(deploy_list_done) DeployList list = { 0 };
        Fixture *f = *state;
        uint64_t last = 0, other = push_new(f->store, f->prod, APP ":0", 0), queued, n = 0, before;
        bool pruned = false;

        for (unsigned i = 0; !pruned || i < DEPLOYS_KEPT + 2 * DEPLOYS_UNKEPT; i++) {
                assert_true(i < DEPLOYS_KEPT + 4 * DEPLOYS_UNKEPT);
                last = run_new(f, APP ":run", NULL);
                (void) finish(f, last, DEPLOY_FAILED);
                before = n;
                n = count_of(f->store, DEPLOY_FAILED);
                assert_in_range(n, i < DEPLOYS_KEPT ? i : DEPLOYS_KEPT, DEPLOYS_KEPT + DEPLOYS_UNKEPT);
                pruned = n < before;
        }

        /* The newest ones, and neither what waits nor what runs counts. */
        queued = push_new(f->store, f->dev, APP ":next", 0);
        assert_int_equal(n, DEPLOYS_KEPT);
        assert_int_equal(store_list_deploys(f->store, "app", "dev", 1000, &list), 0);
        assert_int_equal(list.n, DEPLOYS_KEPT + 1);
        assert_int_equal(list.items[0].id, queued);
        assert_int_equal(list.items[1].id, last);
        assert_int_equal(list.items[DEPLOYS_KEPT].id, last - DEPLOYS_KEPT + 1);
        assert_int_equal(state_of(f->store, other), DEPLOY_QUEUED);

        /* A process that has just begun looks at the first end that it sees. */
        assert_int_equal(store_start_deploy(f->store, queued), 1);
        (void) finish(f, queued, DEPLOY_FAILED);
        assert_int_equal(count_of(f->store, DEPLOY_FAILED), DEPLOYS_KEPT + 1);
        reopen(f);
        (void) finish(f, run_new(f, APP ":run", NULL), DEPLOY_FAILED);
        assert_int_equal(count_of(f->store, DEPLOY_FAILED), DEPLOYS_KEPT);
}

static void push_that_joined_an_unresolved_row_is_looked_at_once_more(void **state) {
        static const DeployState ends[] = { DEPLOY_SUCCEEDED, DEPLOY_UNCHANGED, DEPLOY_ROLLED_BACK,
                                            DEPLOY_FAILED, DEPLOY_CANCELLED };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                _cleanup_(deploy_freep) Deploy *next = NULL;
                uint64_t id = run_new(f, APP ":1", NULL), again;
                Enqueue push = push_of(f->dev, APP ":1");

                assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), id);
                assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), id);
                assert_int_equal(store_resolve_deploy(f->store, id, DIGEST_A), 1);
                again = finish(f, id, ends[i]);
                assert_true(again > id);
                assert_int_equal(store_find_deploy(f->store, again, &next), 1);
                assert_int_equal(next->state, DEPLOY_QUEUED);
                assert_string_equal(next->image, APP ":1");
                assert_null(next->digest);

                /* Once, and not for ever. */
                assert_int_equal(store_start_deploy(f->store, again), 1);
                assert_int_equal(finish(f, again, DEPLOY_UNCHANGED), 0);
        }
}

static void newer_row_is_all_that_follows_a_joined_one(void **state) {
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL), newer;
        Enqueue push = push_of(f->dev, APP ":1");

        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), id);
        newer = push_new(f->store, f->dev, APP ":2", 0);
        assert_int_equal(finish(f, id, DEPLOY_SUCCEEDED), 0);
        assert_int_equal(state_of(f->store, newer), DEPLOY_QUEUED);
}

static void requeue_forgets_the_join_since_it_resolves_again(void **state) {
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL);
        Enqueue push = push_of(f->dev, APP ":1");
        RequeueVerdict verdict;
        uint64_t again;

        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), id);
        assert_int_equal(store_requeue_deploy(f->store, id, &(Requeue){ .reason = "why" }, &verdict, &again),
                         1);
        assert_int_equal(verdict, REQUEUE_QUEUED);
        assert_int_equal(again, 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(finish(f, id, DEPLOY_SUCCEEDED), 0);
}

static bool is_forced(Store *store, uint64_t id) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(store, id, &deploy), 1);
        return deploy->force;
}

static void forced_push_has_the_queued_row_forced(void **state) {
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);
        Enqueue push = push_of(f->dev, APP ":1");

        assert_false(is_forced(f->store, id));
        push.force = true;
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), id);
        assert_true(is_forced(f->store, id));
        /* Who joins it later takes nothing away. */
        push.force = false;
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), id);
        assert_true(is_forced(f->store, id));
}

static void forced_push_joins_no_running_row(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":1@" DIGEST_A, DIGEST_A), id;
        Enqueue push = push_of(f->dev, APP ":1@" DIGEST_A);

        push.digest = DIGEST_A;
        push.force = true;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_true(id > running);
        assert_true(is_forced(f->store, id));
        assert_false(is_forced(f->store, running));
}

static void forced_row_stays_forced_under_another_number(void **state) {
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1");
        uint64_t id, ended, renewed;

        push.force = true;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_raise_ids(f->store, "app", "dev", id + 7, &ended, &renewed), 0);
        assert_int_equal(ended, id);
        assert_true(is_forced(f->store, renewed));
}

static void local_push_joins_local_rows_alone(void **state) {
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1");
        _cleanup_(deploy_freep) Deploy *renewed = NULL;
        uint64_t ordinary = push_new(f->store, f->dev, APP ":1", 0), local, ended, id;

        push.local = true;
        local = enqueue(f->store, &push, ENQUEUE_NEW, 1);
        assert_true(local > ordinary);
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), local);
        assert_int_equal(store_raise_ids(f->store, "app", "dev", local + 7, &ended, &id), 0);
        assert_int_equal(store_find_deploy(f->store, id, &renewed), 1);
        assert_true(renewed->local);
        push.local = false;
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 1) > id);
}

static void local_push_joins_no_running_row_that_is_not(void **state) {
        Fixture *f = *state;
        uint64_t running = run_new(f, APP ":1@" DIGEST_A, DIGEST_A);
        Enqueue push = push_of(f->dev, APP ":1@" DIGEST_A);

        push.digest = DIGEST_A;
        push.local = true;
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > running);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(push_to_an_empty_stage_is_a_queued_row),
                TEST(push_to_a_stage_that_does_not_exist_is_refused),
                TEST(newer_push_supersedes_the_queued_row),
                TEST(newer_push_leaves_the_running_row_alone),
                TEST(push_supersedes_nothing_of_another_stage),
                TEST(push_of_the_same_image_joins_the_queued_row),
                TEST(push_with_another_digest_is_another_image),
                TEST(push_without_digest_joins_the_running_row_until_it_is_resolved),
                TEST(push_without_digest_never_joins_a_running_row_of_another_image),
                TEST(push_without_digest_never_joins_a_row_that_runs_by_digest),
                TEST(push_joins_the_running_row_of_its_digest),
                TEST(push_that_joins_the_running_row_puts_older_queued_ones_aside),
                TEST(full_queue_takes_no_new_row_but_lets_pushes_join_and_supersede),
                TEST(push_that_a_full_queue_refuses_leaves_no_trace),
                TEST(rows_that_never_began_are_kept_sixteen_a_stage),
                TEST(finished_rows_are_kept_two_hundred_a_stage),
                TEST(push_that_joined_an_unresolved_row_is_looked_at_once_more),
                TEST(newer_row_is_all_that_follows_a_joined_one),
                TEST(requeue_forgets_the_join_since_it_resolves_again),
                TEST(forced_push_has_the_queued_row_forced),
                TEST(forced_push_joins_no_running_row),
                TEST(forced_row_stays_forced_under_another_number),
                TEST(local_push_joins_local_rows_alone),
                TEST(local_push_joins_no_running_row_that_is_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
