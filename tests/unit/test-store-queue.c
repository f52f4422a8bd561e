/* SPDX-License-Identifier: MIT */
/* The rules of the queue, each with the promise that it makes. */
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "store-fixture.h"

typedef struct Fixture {
        Store *store;
        int64_t dev, prod;
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));
        int64_t project;

        assert_non_null(f);
        f->store = memory_store();
        project = make_project(f->store, "app", APP);
        f->dev = make_stage(f->store, project, "dev");
        f->prod = make_stage(f->store, project, "prod");
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        store_free(f->store);
        free(f);
        return 0;
}

static uint64_t run_new(Fixture *f, const char *image, const char *digest) {
        Enqueue push = push_of(f->dev, image);
        uint64_t id;

        push.digest = digest;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        return id;
}

static Enqueue delivery_of(const Fixture *f, const char *image, const char *id) {
        Enqueue push = push_of(f->dev, image);

        push.delivery_id = id;
        return push;
}

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
        assert_int_equal(result.superseded.n, 1);
        assert_int_equal(result.superseded.items[0].id, first);
        assert_int_equal(result.superseded.items[0].state, DEPLOY_SUPERSEDED);
        assert_string_equal(result.superseded.items[0].project, "app");
        assert_true(result.superseded.items[0].finished_at > 0);

        assert_int_equal(store_find_deploy(f->store, first, &older), 1);
        assert_int_equal(older->state, DEPLOY_SUPERSEDED);
        assert_string_equal(older->reason, result.superseded.items[0].reason);
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

static void redelivery_is_answered_with_its_row_while_that_stands(void **state) {
        static const DeployState finals[] = { DEPLOY_SUCCEEDED, DEPLOY_UNCHANGED };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(finals); i++) {
                char id[16];
                Enqueue push;
                uint64_t row;

                (void) snprintf(id, sizeof(id), "id-%zu", i);
                push = delivery_of(f, APP ":1", id);
                row = enqueue(f->store, &push, ENQUEUE_NEW, 0);
                assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
                assert_int_equal(store_start_deploy(f->store, row), 1);
                assert_int_equal(store_resolve_deploy(f->store, row, DIGEST_A), 1);
                assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
                assert_int_equal(store_finish_deploy(f->store, row, finals[i], ""), 1);
                assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
        }
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
}

static void redelivery_of_what_did_not_succeed_is_a_new_row(void **state) {
        static const DeployState finals[] = { DEPLOY_ROLLED_BACK, DEPLOY_FAILED, DEPLOY_SUPERSEDED,
                                              DEPLOY_CANCELLED };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(finals); i++) {
                Enqueue push = delivery_of(f, APP ":1", "id");
                uint64_t row;

                /* The key of the last round points to a row that ended badly, too. */
                row = enqueue(f->store, &push, ENQUEUE_NEW, 0);
                assert_int_equal(store_start_deploy(f->store, row), 1);
                assert_int_equal(store_finish_deploy(f->store, row, finals[i], ""), 1);
        }
        assert_int_equal(count_of(f->store, DEPLOY_FAILED), 1);
}

static void redelivery_of_a_final_id_is_never_a_new_row(void **state) {
        Fixture *f = *state;
        Enqueue push = delivery_of(f, APP ":1", "id");
        EnqueueResult result;
        uint64_t row;

        push.delivery_id_is_final = true;
        row = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_FAILED, "no"), 1);
        assert_int_equal(store_enqueue(f->store, &push, &result), 0);
        assert_int_equal(result.verdict, ENQUEUE_REDELIVERED);
        assert_int_equal(result.deploy_id, row);
        assert_int_equal(result.state, DEPLOY_FAILED);
        enqueue_result_done(&result);
}

static void redelivery_is_known_by_hook_id_stage_and_image(void **state) {
        Fixture *f = *state;
        Enqueue push = delivery_of(f, APP ":1", "id"), other;
        uint64_t row = enqueue(f->store, &push, ENQUEUE_NEW, 0);

        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, ""), 1);

        other = push;
        other.hook = "second";
        assert_true(enqueue(f->store, &other, ENQUEUE_NEW, 0) > row);
        other = push;
        other.delivery_id = "id-2";
        (void) enqueue(f->store, &other, ENQUEUE_JOINED, 0);
        other = push;
        other.stage_id = f->prod;
        assert_true(enqueue(f->store, &other, ENQUEUE_NEW, 0) > row);
        other = push;
        other.image = APP ":2";
        assert_true(enqueue(f->store, &other, ENQUEUE_NEW, 1) > row);
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
}

static void redelivery_of_a_joined_push_is_answered_with_the_row_it_joined(void **state) {
        Fixture *f = *state;
        uint64_t row = push_new(f->store, f->dev, APP ":1", 0);
        Enqueue push = delivery_of(f, APP ":1", "id");

        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), row);
        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, ""), 1);
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
}

static void redelivery_supersedes_nothing(void **state) {
        Fixture *f = *state;
        Enqueue push = delivery_of(f, APP ":1", "id");
        uint64_t row = enqueue(f->store, &push, ENQUEUE_NEW, 0), newer;

        assert_int_equal(store_start_deploy(f->store, row), 1);
        newer = push_new(f->store, f->dev, APP ":2", 0);
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
        assert_int_equal(state_of(f->store, newer), DEPLOY_QUEUED);
}

static void delivery_ids_are_forgotten_after_thirty_days(void **state) {
        Fixture *f = *state;
        Enqueue push = delivery_of(f, APP ":1", "old"), kept = delivery_of(f, APP ":1", "kept");
        uint64_t row = enqueue(f->store, &push, ENQUEUE_NEW, 0);

        (void) enqueue(f->store, &kept, ENQUEUE_JOINED, 0);
        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, ""), 1);

        /* A minute on this side of the border, and a minute on the other. */
        assert_int_equal(store_execute(f->store, "UPDATE deliveries SET received_at = received_at - "
                                                 "(30 * 86400 - 60) * 1000000"),
                         0);
        assert_int_equal(store_prune_deliveries(f->store), 0);
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_REDELIVERED, 0), row);
        assert_int_equal(store_execute(f->store,
                                       "UPDATE deliveries SET received_at = received_at - 120 * 1000000 "
                                       "WHERE delivery_id = 'old'"),
                         0);
        assert_int_equal(store_prune_deliveries(f->store), 0);
        assert_int_equal(enqueue(f->store, &kept, ENQUEUE_REDELIVERED, 0), row);
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > row);
}

static void delivery_id_that_is_too_old_is_not_known_even_before_it_is_pruned(void **state) {
        Fixture *f = *state;
        Enqueue push = delivery_of(f, APP ":1", "old");
        uint64_t row = enqueue(f->store, &push, ENQUEUE_NEW, 0);

        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, ""), 1);
        assert_int_equal(store_execute(f->store, "UPDATE deliveries SET received_at = received_at - "
                                                 "(30 * 86400 + 60) * 1000000"),
                         0);
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > row);
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
        Enqueue push = delivery_of(f, APP ":2", "id");
        uint64_t first = push_new(f->store, f->dev, APP ":1", 0), row;

        push.max_queued = 0;
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        assert_int_equal(state_of(f->store, first), DEPLOY_QUEUED);
        push.max_queued = MAX_QUEUED;
        row = enqueue(f->store, &push, ENQUEUE_NEW, 1);
        assert_int_equal(row, first + 1);
}

static void finished_rows_are_kept_two_hundred_a_stage(void **state) {
        _cleanup_(deploy_list_done) DeployList list = { 0 };
        Fixture *f = *state;
        uint64_t last = 0, other = push_new(f->store, f->prod, APP ":0", 0), running;

        running = run_new(f, APP ":run", NULL);
        for (unsigned i = 0; i < DEPLOYS_KEPT + 10; i++) {
                char image[64];

                (void) snprintf(image, sizeof(image), APP ":%u", i);
                last = push_new(f->store, f->dev, image, i > 0);
        }

        /* The newest ones, and neither what waits nor what runs counts. */
        assert_int_equal(count_of(f->store, DEPLOY_SUPERSEDED), DEPLOYS_KEPT);
        assert_int_equal(store_list_deploys(f->store, "app", "dev", 1000, &list), 0);
        assert_int_equal(list.n, DEPLOYS_KEPT + 2);
        assert_int_equal(list.items[0].id, last);
        assert_int_equal(list.items[DEPLOYS_KEPT].id, last - DEPLOYS_KEPT);
        assert_int_equal(list.items[DEPLOYS_KEPT + 1].id, running);
        assert_int_equal(state_of(f->store, other), DEPLOY_QUEUED);

        assert_int_equal(store_finish_deploy(f->store, running, DEPLOY_SUCCEEDED, ""), 1);
        assert_int_equal(count_of(f->store, DEPLOY_SUPERSEDED) + count_of(f->store, DEPLOY_SUCCEEDED),
                         DEPLOYS_KEPT);
}

static void redelivery_does_not_depend_on_whether_the_row_is_still_kept(void **state) {
        Fixture *f = *state;
        Enqueue good = delivery_of(f, APP ":good", "good"), bad = delivery_of(f, APP ":bad", "bad");
        _cleanup_(deploy_freep) Deploy *gone = NULL;
        uint64_t row, refused;

        row = enqueue(f->store, &good, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, ""), 1);
        refused = enqueue(f->store, &bad, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, refused), 1);
        assert_int_equal(store_finish_deploy(f->store, refused, DEPLOY_FAILED, ""), 1);

        for (unsigned i = 0; i < DEPLOYS_KEPT + 10; i++) {
                char image[64];

                (void) snprintf(image, sizeof(image), APP ":%u", i);
                (void) push_new(f->store, f->dev, image, i > 0);
        }

        assert_int_equal(store_find_deploy(f->store, row, &gone), 0);
        assert_null(gone);
        assert_int_equal(enqueue(f->store, &good, ENQUEUE_REDELIVERED, 0), row);
        assert_true(enqueue(f->store, &bad, ENQUEUE_NEW, 1) > refused);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
                TEST(redelivery_is_answered_with_its_row_while_that_stands),
                TEST(redelivery_of_what_did_not_succeed_is_a_new_row),
                TEST(redelivery_of_a_final_id_is_never_a_new_row),
                TEST(redelivery_is_known_by_hook_id_stage_and_image),
                TEST(redelivery_of_a_joined_push_is_answered_with_the_row_it_joined),
                TEST(redelivery_supersedes_nothing),
                TEST(delivery_ids_are_forgotten_after_thirty_days),
                TEST(delivery_id_that_is_too_old_is_not_known_even_before_it_is_pruned),
                TEST(full_queue_takes_no_new_row_but_lets_pushes_join_and_supersede),
                TEST(push_that_a_full_queue_refuses_leaves_no_trace),
                TEST(finished_rows_are_kept_two_hundred_a_stage),
                TEST(redelivery_does_not_depend_on_whether_the_row_is_still_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
