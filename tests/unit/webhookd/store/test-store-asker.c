/* SPDX-License-Identifier: MIT */
/* Who asked for a deploy, what took its place, and that both stay with the row. */
#include "store-fixture.h"

static const Asker anna = { .is_user = true, .uid = 1000, .user = "anna" },
                   sender = { .hook = "main", .provider = "harbor" };

static Deploy *find(Fixture *f, uint64_t id) {
        Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        return deploy;
}

static uint64_t push_by(Fixture *f, const char *image, const Asker *asker, EnqueueVerdict verdict,
                        size_t n_superseded) {
        Enqueue push = push_of(f->dev, image);

        push.asker = asker;
        return enqueue(f->store, &push, verdict, n_superseded);
}

static void expect_asker(Fixture *f, uint64_t id, const Asker *asker) {
        _cleanup_(deploy_freep) Deploy *deploy = find(f, id);

        assert_int_equal(deploy->by_user, asker->is_user);
        assert_int_equal(deploy->uid, asker->uid);
        assert_string_equal(strempty(deploy->user), strempty(asker->user));
        assert_string_equal(strempty(deploy->hook), strempty(asker->hook));
        assert_string_equal(strempty(deploy->provider), strempty(asker->provider));
}

static void expect_successor(Fixture *f, uint64_t id, uint64_t successor, const char *format) {
        _cleanup_(deploy_freep) Deploy *deploy = find(f, id);
        char reason[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void) snprintf(reason, sizeof(reason), format, successor);
#pragma GCC diagnostic pop
        assert_int_equal(deploy->superseded_by, successor);
        assert_string_equal(deploy->reason, reason);
}

static void who_asked_is_in_the_row_also_after_reopening(void **state) {
        Fixture *f = *state;
        uint64_t person = push_by(f, APP ":1", &anna, ENQUEUE_NEW, 0),
                 hook = push_by(f, APP ":2", &sender, ENQUEUE_NEW, 1),
                 nobody = push_by(f, APP ":3", NULL, ENQUEUE_NEW, 1),
                 root = push_by(f, APP ":4", &(Asker){ .is_user = true }, ENQUEUE_NEW, 1);

        reopen(f);
        expect_asker(f, person, &anna);
        expect_asker(f, hook, &sender);
        expect_asker(f, nobody, &(Asker){ .is_user = false });
        expect_asker(f, root, &(Asker){ .is_user = true });
}

static void row_that_is_joined_keeps_who_made_it(void **state) {
        Fixture *f = *state;
        uint64_t id = push_by(f, APP ":1", &sender, ENQUEUE_NEW, 0);

        assert_int_equal(push_by(f, APP ":1", &anna, ENQUEUE_JOINED, 0), id);
        expect_asker(f, id, &sender);
}

static void row_that_follows_is_asked_for_by_the_same(void **state) {
        Fixture *f = *state;
        uint64_t id = push_by(f, APP ":1", &sender, ENQUEUE_NEW, 0), again = 0;

        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(push_by(f, APP ":1", &anna, ENQUEUE_JOINED, 0), id);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &again), 1);
        assert_true(again > id);
        expect_asker(f, again, &sender);
}

static void row_under_a_new_number_is_asked_for_by_the_same(void **state) {
        Fixture *f = *state;
        uint64_t id = push_by(f, APP ":1", &anna, ENQUEUE_NEW, 0), old = 0, new = 0;

        assert_int_equal(store_raise_ids(f->store, "app", "dev", 70, &old, &new), 0);
        assert_int_equal(old, id);
        expect_asker(f, new, &anna);
        expect_successor(f, id, new,
                         "a later deploy of this stage has its number: it goes on as deploy %" PRIu64);
}

static void rollback_is_asked_for_by_its_caller_and_is_named(void **state) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        Fixture *f = *state;
        const char *const digests[] = { DIGEST_A, DIGEST_B };
        uint64_t waits;

        for (size_t i = 0; i < ELEMENTSOF(digests); i++) {
                uint64_t id = run_new(f, i == 0 ? APP ":1" : APP ":2", NULL);

                assert_int_equal(store_resolve_deploy(f->store, id, digests[i]), 1);
                assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }),
                                 1);
        }
        waits = push_by(f, APP ":3", &sender, ENQUEUE_NEW, 0);

        assert_int_equal(store_enqueue_rollback(f->store, f->dev, false, &anna, MAX_QUEUED, &result), 1);
        expect_asker(f, result.deploy_id, &anna);
        expect_successor(f, waits, result.deploy_id, "deploy %" PRIu64 ", a rollback, took its place");
        assert_int_equal(result.aside.id, waits);
}

static void superseded_row_names_what_took_its_place(void **state) {
        Fixture *f = *state;
        uint64_t first = push_by(f, APP ":1", &sender, ENQUEUE_NEW, 0),
                 second = push_by(f, APP ":2", &sender, ENQUEUE_NEW, 1);

        expect_successor(f, first, second, "deploy %" PRIu64 " took its place");
        assert_int_equal(store_start_deploy(f->store, second), 1);
        first = push_by(f, APP ":3", &sender, ENQUEUE_NEW, 0);
        /* What joins the running row is newer than what waits. */
        assert_int_equal(push_by(f, APP ":2", &sender, ENQUEUE_JOINED, 1), second);
        expect_successor(f, first, second, "deploy %" PRIu64 " took its place");
}

static void row_that_gives_way_after_an_attempt_names_both(void **state) {
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL), newer = push_by(f, APP ":2", &sender, ENQUEUE_NEW, 0);
        RequeueVerdict verdict;

        assert_int_equal(store_requeue_deploy(f->store, id, &(Requeue){ .reason = "EngineFailed: 500" },
                                              &verdict, &(uint64_t){ 0 }),
                         1);
        assert_int_equal(verdict, REQUEUE_SUPERSEDED);
        expect_successor(f, id, newer,
                         "deploy %" PRIu64 " took its place; its last attempt: EngineFailed: 500");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(who_asked_is_in_the_row_also_after_reopening),
                TEST(row_that_is_joined_keeps_who_made_it),
                TEST(row_that_follows_is_asked_for_by_the_same),
                TEST(row_under_a_new_number_is_asked_for_by_the_same),
                TEST(rollback_is_asked_for_by_its_caller_and_is_named),
                TEST(superseded_row_names_what_took_its_place),
                TEST(row_that_gives_way_after_an_attempt_names_both),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
