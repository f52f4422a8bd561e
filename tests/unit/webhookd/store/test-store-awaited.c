/* SPDX-License-Identifier: MIT */
/* Deploys that wait for others: what follows of each end of those. */
#include "store-fixture.h"
#include "webhookd/store/waits.h"

/* "web" is the fixture's project; "worker" comes after it, and "cron" after that. */
typedef struct Trio {
        int64_t worker, cron; /* projects */
        int64_t worker_dev, cron_dev;
} Trio;

static int64_t make_after(Store *store, const char *name, int64_t after) {
        int64_t id = 0;

        assert_int_equal(store_create_project(store,
                                              &(Project){ .name = (char *) (uintptr_t) name,
                                                          .image = (char[]){ APP },
                                                          .after_id = after },
                                              &id),
                         0);
        return id;
}

static Trio make_trio(Fixture *f) {
        Trio trio;

        trio.worker = make_after(f->store, "worker", f->project);
        trio.cron = make_after(f->store, "cron", trio.worker);
        trio.worker_dev = make_stage(f->store, trio.worker, "dev");
        trio.cron_dev = make_stage(f->store, trio.cron, "dev");
        return trio;
}

static void await(Fixture *f, uint64_t deploy, uint64_t after) {
        assert_int_equal(store_await_deploys(f->store, deploy, &after, 1), 0);
}

/* Settles, and expects that many to be put aside. */
static int settle(Fixture *f, size_t n_aside) {
        _cleanup_(deploy_list_done) DeployList ended = { 0 };
        int r;

        r = store_settle_awaited(f->store, &ended);
        assert_true(r >= 0);
        assert_int_equal(ended.n, n_aside);
        for (size_t i = 0; i < ended.n; i++)
                assert_int_equal(ended.items[i].state, DEPLOY_CANCELLED);
        return r;
}

static void expect_deploy(Fixture *f, uint64_t id, DeployState state, const char *reason) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_int_equal(deploy->state, state);
        assert_string_equal(deploy->reason, reason);
}

static void finish(Fixture *f, uint64_t id, DeployState state, const char *reason) {
        uint64_t again;

        assert_int_equal(store_finish_deploy(f->store, id, state, reason, &again), 1);
}

static void end(Fixture *f, uint64_t id, DeployState state, const char *reason) {
        assert_int_equal(store_start_deploy(f->store, id), 1);
        finish(f, id, state, reason);
}

static uint64_t next_ready(Fixture *f) {
        uint64_t id = 0;

        assert_true(store_next_ready(f->store, 0, &id) >= 0);
        return id;
}

static void deploy_is_handed_out_once_what_it_waits_for_came_up(void **state) {
        static const DeployState good[] = { DEPLOY_SUCCEEDED, DEPLOY_UNCHANGED };
        Fixture *f = *state;
        Trio trio = make_trio(f);

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                uint64_t worker, web;
                char reason[64];

                /* The order of the ids is that of the names, and says nothing of who waits. */
                worker = push_new(f->store, trio.worker_dev, APP ":1", 0);
                web = push_new(f->store, f->dev, APP ":1", 0);
                await(f, worker, web);
                (void) snprintf(reason, sizeof(reason), "waits for deploy %" PRIu64 " (app/dev)", web);
                expect_deploy(f, worker, DEPLOY_QUEUED, reason);
                assert_int_equal(next_ready(f), web);
                assert_int_equal(store_start_deploy(f->store, web), 1);
                assert_int_equal(next_ready(f), 0);
                assert_int_equal(settle(f, 0), 0);
                finish(f, web, good[i], "");
                assert_int_equal(next_ready(f), 0);
                assert_int_equal(settle(f, 0), 1);
                expect_deploy(f, worker, DEPLOY_QUEUED, "");
                assert_int_equal(next_ready(f), worker);
                assert_int_equal(settle(f, 0), 0);
                end(f, worker, DEPLOY_SUCCEEDED, "");
        }
}

static void deploy_is_put_aside_where_that_fails_and_so_is_who_waits_for_it(void **state) {
        static const struct {
                DeployState state;
                const char *word;
        } bad[] = {
                { DEPLOY_FAILED, "failed" },
                { DEPLOY_ROLLED_BACK, "rolled-back" },
                { DEPLOY_CANCELLED, "cancelled" },
        };
        Fixture *f = *state;
        Trio trio = make_trio(f);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                uint64_t web = push_new(f->store, f->dev, APP ":1", 0);
                uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);
                uint64_t cron = push_new(f->store, trio.cron_dev, APP ":1", 0);
                char first[128], second[256];

                await(f, cron, worker);
                await(f, worker, web);
                end(f, web, bad[i].state, "Unhealthy: it ended");
                assert_int_equal(settle(f, 2), 1);
                (void) snprintf(first, sizeof(first),
                                "DependencyFailed: deploy %" PRIu64 " (app/dev) %s: Unhealthy: it ended",
                                web, bad[i].word);
                (void) snprintf(second, sizeof(second),
                                "DependencyFailed: deploy %" PRIu64 " (worker/dev) cancelled: %s", worker,
                                first);
                expect_deploy(f, worker, DEPLOY_CANCELLED, first);
                expect_deploy(f, cron, DEPLOY_CANCELLED, second);
                assert_int_equal(next_ready(f), 0);
                assert_int_equal(settle(f, 0), 0);
        }
}

static void all_that_is_waited_for_has_to_come_up(void **state) {
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t dev = push_new(f->store, f->dev, APP ":1", 0),
                 prod = push_new(f->store, f->prod, APP ":1", 0);
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);
        const uint64_t both[] = { dev, prod, 999 };
        char reason[128];

        assert_int_equal(store_await_deploys(f->store, worker, both, 3), 0);
        (void) snprintf(reason, sizeof(reason),
                        "waits for deploy %" PRIu64 " (app/dev), deploy %" PRIu64 " (app/prod)", dev, prod);
        expect_deploy(f, worker, DEPLOY_QUEUED, reason);
        end(f, dev, DEPLOY_SUCCEEDED, "");
        assert_int_equal(settle(f, 0), 1);
        (void) snprintf(reason, sizeof(reason), "waits for deploy %" PRIu64 " (app/prod)", prod);
        expect_deploy(f, worker, DEPLOY_QUEUED, reason);
        assert_int_equal(next_ready(f), prod);
        end(f, prod, DEPLOY_SUCCEEDED, "");
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(next_ready(f), worker);
}

static void deploy_that_took_the_place_in_the_queue_is_waited_for_instead(void **state) {
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t old = push_new(f->store, f->dev, APP ":1", 0);
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0), next, last;
        char reason[64];

        await(f, worker, old);
        next = push_new(f->store, f->dev, APP ":2", 1);
        last = push_new(f->store, f->dev, APP ":3", 1);
        assert_true(next < last);
        assert_int_equal(settle(f, 0), 1);
        (void) snprintf(reason, sizeof(reason), "waits for deploy %" PRIu64 " (app/dev)", last);
        expect_deploy(f, worker, DEPLOY_QUEUED, reason);
        assert_int_equal(next_ready(f), last);
        end(f, last, DEPLOY_SUCCEEDED, "");
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(next_ready(f), worker);

        /* Where the newer push went to both, the one that waited has gone the same way, and nothing is settled. */
        await(f, worker, push_new(f->store, f->dev, APP ":4", 0));
        (void) push_new(f->store, f->dev, APP ":5", 1);
        next = push_new(f->store, trio.worker_dev, APP ":5", 1);
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(store_release_deploy(f->store, worker), 0);
        expect_deploy(f, next, DEPLOY_QUEUED, "");
}

static void deploy_that_looks_again_is_waited_for_as_well(void **state) {
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t web = push_new(f->store, f->dev, APP ":1", 0), again = 0;
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);
        Enqueue push = push_of(f->dev, APP ":1");

        await(f, worker, web);
        assert_int_equal(store_start_deploy(f->store, web), 1);
        (void) enqueue(f->store, &push, ENQUEUE_JOINED, 0);
        assert_int_equal(store_finish_deploy(f->store, web, DEPLOY_FAILED, "", &again), 1);
        assert_true(again > web);
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(next_ready(f), again);
        end(f, again, DEPLOY_SUCCEEDED, "");
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(next_ready(f), worker);
}

static void retry_of_what_is_waited_for_is_no_end(void **state) {
        const Requeue requeue = { .bound = REQUEUE_BOUND_NONE, .reason = "EngineUnreachable: away" };
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t web = push_new(f->store, f->dev, APP ":1", 0), again;
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);
        RequeueVerdict verdict;

        await(f, worker, web);
        assert_int_equal(store_start_deploy(f->store, web), 1);
        assert_int_equal(store_requeue_deploy(f->store, web, &requeue, &verdict, &again), 1);
        assert_int_equal(verdict, REQUEUE_QUEUED);
        assert_int_equal(settle(f, 0), 0);
        assert_int_equal(next_ready(f), web);
        assert_int_equal(store_start_deploy(f->store, web), 1);
        assert_int_equal(next_ready(f), 0);
}

/* The newest delivery that it is for says what a row waits for; what is through, or is not there, is not waited for. */
static void what_a_deploy_waits_for_is_said_anew(void **state) {
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t old = push_new(f->store, f->dev, APP ":1", 0), next;
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);
        char reason[64];

        await(f, worker, old);
        assert_int_equal(store_start_deploy(f->store, old), 1);
        assert_int_equal(store_resolve_deploy(f->store, old, DIGEST_A), 1);
        next = push_new(f->store, f->dev, APP ":1", 0);
        await(f, worker, next);
        (void) snprintf(reason, sizeof(reason), "waits for deploy %" PRIu64 " (app/dev)", next);
        expect_deploy(f, worker, DEPLOY_QUEUED, reason);
        finish(f, old, DEPLOY_FAILED, "");
        assert_int_equal(settle(f, 0), 0);
        await(f, worker, old);
        expect_deploy(f, worker, DEPLOY_QUEUED, "");
        assert_int_equal(next_ready(f), worker);
        assert_int_equal(store_start_deploy(f->store, worker), 1);
        await(f, worker, next);
        assert_int_equal(store_release_deploy(f->store, worker), 0);
}

static void whoever_asks_by_hand_and_another_order_end_the_waiting(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t web = push_new(f->store, f->dev, APP ":1", 0);
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);

        assert_int_equal(store_start_deploy(f->store, web), 1);
        assert_int_equal(store_release_deploy(f->store, worker), 0);
        await(f, worker, web);
        assert_int_equal(store_release_deploy(f->store, worker), 1);
        assert_int_equal(next_ready(f), worker);
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(settle(f, 0), 0);

        await(f, worker, web);
        assert_int_equal(store_find_project_by_name(f->store, "worker", &project), 1);
        assert_int_equal(project->after_id, f->project);
        project->port = 80;
        assert_int_equal(store_set_project(f->store, project), 1);
        assert_int_equal(next_ready(f), 0);
        project->after_id = 0;
        assert_int_equal(store_set_project(f->store, project), 1);
        assert_int_equal(next_ready(f), worker);
        assert_int_equal(settle(f, 0), 1);
        expect_deploy(f, worker, DEPLOY_QUEUED, "");
}

static void removed_project_is_nobody_to_come_after(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t web = push_new(f->store, f->dev, APP ":1", 0);
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);

        await(f, worker, web);
        assert_int_equal(store_remove_project(f->store, f->project), 1);
        assert_int_equal(store_find_project_by_name(f->store, "worker", &project), 1);
        assert_int_equal(project->after_id, 0);
        assert_int_equal(next_ready(f), worker);
}

/* What has ended is settled by whoever opens the store next. */
static void end_that_nobody_has_settled_is_found_by_the_next_process(void **state) {
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t web = push_new(f->store, f->dev, APP ":1", 0);
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);

        await(f, worker, web);
        end(f, web, DEPLOY_FAILED, "");
        f->store = store_free(f->store);
        assert_int_equal(store_open(f->path, &f->store), 0);
        assert_int_equal(next_ready(f), 0);
        assert_int_equal(settle(f, 1), 1);
}

/* A row that goes on under another id is waited for, and waits, as before. */
static void deploys_with_new_ids_wait_and_are_waited_for(void **state) {
        Fixture *f = *state;
        Trio trio = make_trio(f);
        uint64_t web = push_new(f->store, f->dev, APP ":1", 0), old, new_web, new_worker;
        uint64_t worker = push_new(f->store, trio.worker_dev, APP ":1", 0);

        await(f, worker, web);
        assert_int_equal(store_raise_ids(f->store, "worker", "dev", 100, &old, &new_worker), 0);
        assert_int_equal(old, worker);
        assert_int_equal(next_ready(f), web);
        assert_int_equal(store_raise_ids(f->store, "app", "dev", 200, &old, &new_web), 0);
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(next_ready(f), new_web);
        end(f, new_web, DEPLOY_SUCCEEDED, "");
        assert_int_equal(settle(f, 0), 1);
        assert_int_equal(next_ready(f), new_worker);
}

/* What comes after another project joins no deploy that has begun, unless that is of the very same digest. */
static void push_that_comes_after_another_joins_nothing_that_runs(void **state) {
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1");
        uint64_t running = push_new(f->store, f->dev, APP ":1", 0), queued;

        assert_int_equal(store_start_deploy(f->store, running), 1);
        push.comes_after = true;
        queued = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 0), queued);
        assert_int_equal(store_resolve_deploy(f->store, running, DIGEST_A), 1);
        push.image = APP ":1@" DIGEST_A;
        push.digest = DIGEST_A;
        assert_int_equal(enqueue(f->store, &push, ENQUEUE_JOINED, 1), running);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(deploy_is_handed_out_once_what_it_waits_for_came_up),
                TEST(deploy_is_put_aside_where_that_fails_and_so_is_who_waits_for_it),
                TEST(all_that_is_waited_for_has_to_come_up),
                TEST(deploy_that_took_the_place_in_the_queue_is_waited_for_instead),
                TEST(deploy_that_looks_again_is_waited_for_as_well),
                TEST(retry_of_what_is_waited_for_is_no_end),
                TEST(what_a_deploy_waits_for_is_said_anew),
                TEST(whoever_asks_by_hand_and_another_order_end_the_waiting),
                TEST(removed_project_is_nobody_to_come_after),
                TEST(end_that_nobody_has_settled_is_found_by_the_next_process),
                TEST(deploys_with_new_ids_wait_and_are_waited_for),
                TEST(push_that_comes_after_another_joins_nothing_that_runs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
