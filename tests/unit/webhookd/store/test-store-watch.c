/* SPDX-License-Identifier: MIT */
/* What is watched, what its end leads to, and what pushes do not bring back after that. */
#include "store-fixture.h"
#include "webhookd/store/watch.h"

#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define SPAN     (60 * USEC_PER_SEC)

static void end(Fixture *f, uint64_t id, DeployState state) {
        assert_int_equal(store_finish_deploy(f->store, id, state, "", &(uint64_t){ 0 }), 1);
}

/* A deploy of the stage that ends so; watched from then on where `span` is above 0. */
static uint64_t deploy(Fixture *f, const char *image, const char *digest, uint64_t span, DeployState state) {
        uint64_t id = run_new(f, image, NULL);

        assert_int_equal(store_resolve_deploy(f->store, id, digest), 1);
        assert_int_equal(store_note_watch(f->store, id, span), 1);
        end(f, id, state);
        return id;
}

static void expect_watch(Fixture *f, uint64_t id, WatchState state, const char *reason) {
        _cleanup_(deploy_freep) Deploy *row = NULL;

        assert_int_equal(store_find_deploy(f->store, id, &row), 1);
        assert_int_equal(row->watch.state, state);
        if (reason)
                assert_string_equal(row->watch.reason, reason);
}

static uint64_t end_watch(Fixture *f, uint64_t id, WatchState state, WatchVerdict verdict) {
        _cleanup_free_ char *reason = NULL;
        WatchVerdict found;
        uint64_t back;

        assert_int_equal(store_end_watch(f->store, id, state, "it exited", &found, &back, &reason), 0);
        assert_int_equal(found, verdict);
        assert_int_equal(!reason, verdict != WATCH_VERDICT_DONE);
        return back;
}

static void expect_failed_digest(Fixture *f, const char *digest) {
        _cleanup_free_ char *found = NULL;

        assert_int_equal(store_find_failed_digest(f->store, f->dev, UINT64_MAX, &found), !!digest);
        if (digest)
                assert_string_equal(found, digest);
}

static void deploy_is_watched_from_its_success_on(void **state) {
        Fixture *f = *state;
        _cleanup_(deploy_list_done) DeployList list = { 0 };
        uint64_t id;

        (void) deploy(f, APP ":1", DIGEST_A, 0, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":bad", DIGEST_C, SPAN, DEPLOY_ROLLED_BACK);
        id = deploy(f, APP ":2", DIGEST_B, SPAN, DEPLOY_SUCCEEDED);
        assert_int_equal(store_list_watched(f->store, &list), 0);
        assert_int_equal(list.n, 1);
        assert_int_equal(list.items[0].id, id);
        assert_int_equal(list.items[0].watch.until, list.items[0].finished_at + SPAN);
}

static void attempt_that_ends_without_a_watch_is_not_watched(void **state) {
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL), again;
        RequeueVerdict verdict;

        assert_int_equal(store_note_watch(f->store, id, SPAN), 1);
        assert_int_equal(store_requeue_deploy(f->store, id,
                                              &(Requeue){ .bound = REQUEUE_BOUND_NONE, .reason = "" },
                                              &verdict, &again),
                         1);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        end(f, id, DEPLOY_SUCCEEDED);
        expect_watch(f, id, WATCH_NONE, NULL);
}

static void newer_success_replaces_and_nothing_else_does(void **state) {
        Fixture *f = *state;
        uint64_t old = deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_SUCCEEDED);

        (void) deploy(f, APP ":bad", DIGEST_C, SPAN, DEPLOY_ROLLED_BACK);
        (void) deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_UNCHANGED);
        expect_watch(f, old, WATCH_WATCHING, NULL);
        (void) deploy(f, APP ":2", DIGEST_B, 0, DEPLOY_SUCCEEDED);
        expect_watch(f, old, WATCH_REPLACED, "deploy 4 took its place");
        assert_int_equal(end_watch(f, old, WATCH_FAILED, WATCH_VERDICT_OVER), 0);
}

static void failure_brings_the_version_before_back_once(void **state) {
        Fixture *f = *state;
        uint64_t one = deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_SUCCEEDED),
                 two = deploy(f, APP ":2", DIGEST_B, SPAN, DEPLOY_SUCCEEDED), back;
        _cleanup_(deploy_freep) Deploy *row = NULL;

        back = end_watch(f, two, WATCH_FAILED, WATCH_VERDICT_DONE);
        expect_watch(f, two, WATCH_FAILED, "it exited; deploy 3 brings back what deploy 1 had");
        assert_int_equal(store_find_deploy(f->store, back, &row), 1);
        assert_string_equal(row->source, "watch");
        assert_string_equal(row->digest, DIGEST_A);
        assert_int_equal(row->generation, one);
        assert_int_equal(end_watch(f, two, WATCH_FAILED, WATCH_VERDICT_OVER), 0);

        /* And what brings it back is not watched itself. */
        assert_int_equal(store_start_deploy(f->store, back), 1);
        assert_int_equal(store_note_watch(f->store, back, SPAN), 1);
        end(f, back, DEPLOY_SUCCEEDED);
        expect_watch(f, back, WATCH_NONE, NULL);
}

static void failure_of_the_first_version_leads_to_nothing(void **state) {
        Fixture *f = *state;
        uint64_t id = deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_SUCCEEDED);

        assert_int_equal(end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_DONE), 0);
        expect_watch(f, id, WATCH_FAILED, "it exited; there is no version before it to bring back");
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
}

static void version_that_failed_is_no_version_to_go_back_to(void **state) {
        Fixture *f = *state;
        _cleanup_(deploy_freep) Deploy *row = NULL;
        uint64_t id, back;

        (void) deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_SUCCEEDED);
        id = deploy(f, APP ":2", DIGEST_B, SPAN, DEPLOY_SUCCEEDED);
        back = end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_DONE);
        assert_int_equal(store_start_deploy(f->store, back), 1);
        end(f, back, DEPLOY_FAILED);
        id = deploy(f, APP ":3", DIGEST_C, SPAN, DEPLOY_SUCCEEDED);
        back = end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_DONE);
        assert_int_equal(store_find_deploy(f->store, back, &row), 1);
        assert_string_equal(row->digest, DIGEST_A);
}

static void verdict_waits_for_a_deploy_of_the_stage(void **state) {
        Fixture *f = *state;
        uint64_t id, newer;

        (void) deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_SUCCEEDED);
        id = deploy(f, APP ":2", DIGEST_B, SPAN, DEPLOY_SUCCEEDED);
        newer = push_new(f->store, f->dev, APP ":3", 0);
        assert_int_equal(end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_LATER), 0);
        assert_int_equal(store_start_deploy(f->store, newer), 1);
        assert_int_equal(end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_LATER), 0);
        end(f, newer, DEPLOY_FAILED);
        assert_int_equal(end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_DONE), newer + 1);
}

static void digest_that_failed_is_left_until_another_comes(void **state) {
        Fixture *f = *state;
        uint64_t id, newer;

        expect_failed_digest(f, NULL);
        (void) deploy(f, APP ":1", DIGEST_A, SPAN, DEPLOY_SUCCEEDED);
        id = deploy(f, APP ":2", DIGEST_B, SPAN, DEPLOY_SUCCEEDED);
        expect_failed_digest(f, NULL);
        newer = end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_DONE);
        assert_int_equal(store_start_deploy(f->store, newer), 1);
        end(f, newer, DEPLOY_SUCCEEDED);
        expect_failed_digest(f, DIGEST_B);

        /* A push of it, and one that does not come up, change nothing. */
        (void) deploy(f, APP ":2", DIGEST_B, 0, DEPLOY_FAILED);
        (void) deploy(f, APP ":2", DIGEST_B, 0, DEPLOY_UNCHANGED);
        (void) deploy(f, APP ":3", DIGEST_C, 0, DEPLOY_ROLLED_BACK);
        expect_failed_digest(f, DIGEST_B);
        (void) deploy(f, APP ":3", DIGEST_C, 0, DEPLOY_SUCCEEDED);
        expect_failed_digest(f, NULL);
}

static void digest_that_runs_already_opens_the_way_as_well(void **state) {
        Fixture *f = *state;
        uint64_t id;

        id = deploy(f, APP ":2", DIGEST_B, SPAN, DEPLOY_SUCCEEDED);
        (void) end_watch(f, id, WATCH_FAILED, WATCH_VERDICT_DONE);
        expect_failed_digest(f, DIGEST_B);
        (void) deploy(f, APP ":1", DIGEST_A, 0, DEPLOY_UNCHANGED);
        expect_failed_digest(f, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(deploy_is_watched_from_its_success_on),
                TEST(attempt_that_ends_without_a_watch_is_not_watched),
                TEST(newer_success_replaces_and_nothing_else_does),
                TEST(failure_brings_the_version_before_back_once),
                TEST(failure_of_the_first_version_leads_to_nothing),
                TEST(version_that_failed_is_no_version_to_go_back_to),
                TEST(verdict_waits_for_a_deploy_of_the_stage),
                TEST(digest_that_failed_is_left_until_another_comes),
                TEST(digest_that_runs_already_opens_the_way_as_well),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
