/* SPDX-License-Identifier: MIT */
/* Which pushes a stage follows, by what it runs, has queued, has available, and was rolled back from. */
#include "store-fixture.h"
#include "webhookd/delivery/gate.h"
#include "webhookd/delivery/matcher.h"
#include "webhookd/store/watch.h"

#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void set_policy(Fixture *f, TagPolicy policy, bool downgrade) {
        _cleanup_(stage_freep) Stage *stage = NULL;

        assert_int_equal(store_find_stage(f->store, "app", "dev", &stage), 1);
        stage->policy = policy;
        stage->downgrade = downgrade;
        assert_int_equal(store_set_stage(f->store, stage), 1);
}

static void expect_at(Fixture *f, const char *hook, const char *pushed, uint64_t pushed_at,
                      GateVerdict verdict) {
        const Enqueue push = { .stage_id = f->dev, .image = pushed, .hook = hook, .pushed_at = pushed_at };
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        GateVerdict found;

        assert_int_equal(store_find_stage(f->store, "app", "dev", &stage), 1);
        assert_int_equal(image_ref_parse(pushed, &ref, NULL), 0);
        assert_int_equal(gate_check(f->store, stage, ref, &push, &found), 0);
        if (found != verdict)
                fail_msg("%s: %i, not %i", pushed, found, verdict);
}

static void expect(Fixture *f, const char *pushed, GateVerdict verdict) {
        expect_at(f, "main", pushed, 0, verdict);
}

/* A push through the hook "main" that makes a row. */
static uint64_t push_at(Fixture *f, const char *image, uint64_t pushed_at, size_t n_superseded) {
        Enqueue push = push_of(f->dev, image);

        push.pushed_at = pushed_at;
        return enqueue(f->store, &push, ENQUEUE_NEW, n_superseded);
}

static uint64_t deploy(Fixture *f, const char *image, const char *digest, DeployState state) {
        uint64_t id = run_new(f, image, digest);

        assert_int_equal(store_finish_deploy(f->store, id, state, "", &(uint64_t){ 0 }), 1);
        return id;
}

/* Queues a rollback, and brings it to `state`. */
static void roll_back(Fixture *f, DeployState state) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };

        assert_int_equal(store_enqueue_rollback(f->store, f->dev, false, NULL, MAX_QUEUED, &result), 1);
        if (state == DEPLOY_QUEUED)
                return;

        assert_int_equal(store_start_deploy(f->store, result.deploy_id), 1);
        assert_int_equal(store_finish_deploy(f->store, result.deploy_id, state, "", &(uint64_t){ 0 }), 1);
}

static void glob_and_regex_follow_every_push(void **state) {
        Fixture *f = *state;

        (void) deploy(f, APP ":2.0.0", DIGEST_A, DEPLOY_SUCCEEDED);
        expect(f, APP ":1.0.0", GATE_OPEN);
        expect(f, APP ":2.0.0@" DIGEST_A, GATE_OPEN);
        set_policy(f, TAG_POLICY_REGEX, false);
        expect(f, APP ":1.0.0", GATE_OPEN);
        expect(f, APP ":2.0.0@" DIGEST_A, GATE_OPEN);
}

static void push_that_is_older_than_what_the_stage_has_of_its_tag_is_left(void **state) {
        static const DeployState states[] = { DEPLOY_SUCCEEDED, DEPLOY_UNCHANGED };
        Fixture *f = *state;
        uint64_t id, time = 1000;

        expect_at(f, "main", APP ":latest", 1, GATE_OPEN);
        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                time += 1000;
                id = push_at(f, APP ":latest@" DIGEST_B, time, 0);
                /* It waits, then it runs, then it is what was deployed last. */
                expect_at(f, "main", APP ":latest@" DIGEST_A, time - 1, GATE_OLDER_PUSH);
                assert_int_equal(store_start_deploy(f->store, id), 1);
                expect_at(f, "main", APP ":latest", time - 1, GATE_OLDER_PUSH);
                assert_int_equal(store_finish_deploy(f->store, id, states[i], "", &(uint64_t){ 0 }), 1);
                expect_at(f, "main", APP ":latest@" DIGEST_A, time - 1, GATE_OLDER_PUSH);

                expect_at(f, "main", APP ":latest", time, GATE_OPEN);
                expect_at(f, "main", APP ":latest", time + 1, GATE_OPEN);
                /* Without a time, of another tag, or by another clock: as ever. */
                expect_at(f, "main", APP ":latest@" DIGEST_A, 0, GATE_OPEN);
                expect_at(f, "main", APP ":main", time - 1, GATE_OPEN);
                expect_at(f, "main", APP ":latest-2", time - 1, GATE_OPEN);
                expect_at(f, "shop", APP ":latest", time - 1, GATE_OPEN);
        }
}

static void push_that_came_to_nothing_holds_up_none_before_it(void **state) {
        static const DeployState states[] = { DEPLOY_FAILED, DEPLOY_ROLLED_BACK, DEPLOY_CANCELLED };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                uint64_t id = push_at(f, APP ":latest", 1000 + i, 0);

                assert_int_equal(store_start_deploy(f->store, id), 1);
                assert_int_equal(store_finish_deploy(f->store, id, states[i], "", &(uint64_t){ 0 }), 1);
                expect_at(f, "main", APP ":latest", 1, GATE_OPEN);
        }
}

static void push_that_was_superseded_by_another_tag_still_counts(void **state) {
        Fixture *f = *state;

        (void) push_at(f, APP ":latest", 5000, 0);
        (void) push_at(f, APP ":main", 5001, 1);
        expect_at(f, "main", APP ":latest", 4999, GATE_OLDER_PUSH);
        expect_at(f, "main", APP ":latest", 5000, GATE_OPEN);
        expect_at(f, "main", APP ":main", 4999, GATE_OLDER_PUSH);
}

static void push_that_joins_a_row_brings_its_time(void **state) {
        Fixture *f = *state;
        Enqueue join = push_of(f->dev, APP ":latest");
        uint64_t id, again = 0;

        id = push_at(f, APP ":latest", 1000, 0);
        join.pushed_at = 2000;
        assert_int_equal(enqueue(f->store, &join, ENQUEUE_JOINED, 0), id);
        expect_at(f, "main", APP ":latest", 1500, GATE_OLDER_PUSH);
        join.pushed_at = 1200;
        assert_int_equal(enqueue(f->store, &join, ENQUEUE_JOINED, 0), id);
        expect_at(f, "main", APP ":latest", 1500, GATE_OLDER_PUSH);

        /* The row that follows it has its times as well, also where it failed itself. */
        assert_int_equal(store_start_deploy(f->store, id), 1);
        join.pushed_at = 3000;
        assert_int_equal(enqueue(f->store, &join, ENQUEUE_JOINED, 0), id);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_FAILED, "", &again), 1);
        assert_true(again > id);
        expect_at(f, "main", APP ":latest", 2999, GATE_OLDER_PUSH);
        expect_at(f, "main", APP ":latest", 3000, GATE_OPEN);
}

static void time_of_a_row_follows_it_to_its_new_id_and_goes_with_it(void **state) {
        uint64_t old = 0, new = 0, id;
        Fixture *f = *state;

        id = push_at(f, APP ":latest", 1000, 0);
        assert_int_equal(store_raise_ids(f->store, "app", "dev", id + 7, &old, &new), 0);
        assert_true(old == id && new > id + 7);
        expect_at(f, "main", APP ":latest", 999, GATE_OLDER_PUSH);
        reopen(f);
        expect_at(f, "main", APP ":latest", 999, GATE_OLDER_PUSH);

        assert_int_equal(store_execute(f->store, "DELETE FROM deploys"), 0);
        expect_at(f, "main", APP ":latest", 999, GATE_OPEN);
        assert_int_equal(store_execute(f->store, "SELECT 1 FROM pushes"), 0);
}

static void version_is_compared_with_what_runs_and_what_waits(void **state) {
        Fixture *f = *state;
        uint64_t id;

        set_policy(f, TAG_POLICY_SEMVER, false);
        expect(f, APP ":0.0.1", GATE_OPEN);
        (void) deploy(f, APP ":v1.9.0", DIGEST_A, DEPLOY_SUCCEEDED);
        expect(f, APP ":1.8.0", GATE_LOWER_VERSION);
        expect(f, APP ":1.9.0-rc.1", GATE_LOWER_VERSION);
        expect(f, APP ":1.9", GATE_OPEN);
        expect(f, APP ":1.10.0", GATE_OPEN);
        (void) deploy(f, APP ":9.0.0", DIGEST_B, DEPLOY_FAILED);
        (void) deploy(f, APP ":9.0.1", DIGEST_B, DEPLOY_ROLLED_BACK);
        expect(f, APP ":1.10.0", GATE_OPEN);
        id = run_new(f, APP ":2.0.0", DIGEST_B);
        expect(f, APP ":1.10.0", GATE_LOWER_VERSION);
        (void) push_new(f->store, f->dev, APP ":2.1.0", 0);
        expect(f, APP ":2.0.0", GATE_LOWER_VERSION);
        expect(f, APP ":2.1.0", GATE_OPEN);
        set_policy(f, TAG_POLICY_SEMVER, true);
        expect(f, APP ":1.0.0", GATE_OPEN);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
}

static void higher_version_of_the_same_image_raises_the_bar(void **state) {
        Fixture *f = *state;

        set_policy(f, TAG_POLICY_SEMVER, false);
        (void) deploy(f, APP ":1.4.0", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":1.5.0", DIGEST_A, DEPLOY_UNCHANGED);
        expect(f, APP ":1.4.7", GATE_LOWER_VERSION);
        expect(f, APP ":1.5.0", GATE_OPEN);
}

static void what_has_no_version_sets_no_bar(void **state) {
        Fixture *f = *state;

        set_policy(f, TAG_POLICY_SEMVER, false);
        (void) deploy(f, APP ":2.0.0", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP "@" DIGEST_B, DIGEST_B, DEPLOY_SUCCEEDED);
        expect(f, APP ":0.1.0", GATE_OPEN);
}

static void version_that_waits_for_a_person_is_a_bar_only_while_it_waits(void **state) {
        _cleanup_(stage_freep) Stage *stage = NULL;
        Fixture *f = *state;

        set_policy(f, TAG_POLICY_SEMVER, false);
        assert_int_equal(store_set_available(f->store, f->dev, APP ":1.5.0"), 0);
        expect(f, APP ":1.4.0", GATE_OPEN);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &stage), 1);
        stage->auto_deploy = false;
        assert_int_equal(store_set_stage(f->store, stage), 1);
        expect(f, APP ":1.4.0", GATE_LOWER_VERSION);
        expect(f, APP ":1.5.0", GATE_OPEN);
}

static void only_a_higher_version_follows_a_rollback(void **state) {
        Fixture *f = *state;

        set_policy(f, TAG_POLICY_SEMVER, false);
        (void) deploy(f, APP ":1.3.0", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":1.4.0", DIGEST_B, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":1.5.0", DIGEST_C, DEPLOY_SUCCEEDED);
        roll_back(f, DEPLOY_SUCCEEDED);
        expect(f, APP ":1.5.0", GATE_ROLLED_BACK);
        expect(f, APP ":1.4.5", GATE_ROLLED_BACK);
        expect(f, APP ":1.3.0", GATE_LOWER_VERSION);
        expect(f, APP ":1.5.1", GATE_OPEN);
        roll_back(f, DEPLOY_UNCHANGED);
        expect(f, APP ":1.4.0", GATE_ROLLED_BACK);
        expect(f, APP ":1.5.0", GATE_ROLLED_BACK);
        expect(f, APP ":1.5.1", GATE_OPEN);
        set_policy(f, TAG_POLICY_SEMVER, true);
        expect(f, APP ":1.5.0", GATE_OPEN);
        set_policy(f, TAG_POLICY_SEMVER, false);
        (void) deploy(f, APP ":1.3.5", DIGEST_B, DEPLOY_SUCCEEDED);
        expect(f, APP ":1.4.0", GATE_OPEN);
}

static void rollback_counts_from_the_moment_that_it_is_asked_for(void **state) {
        Fixture *f = *state;

        set_policy(f, TAG_POLICY_SEMVER, false);
        (void) deploy(f, APP ":1.3.0", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":1.4.0", DIGEST_B, DEPLOY_SUCCEEDED);
        roll_back(f, DEPLOY_QUEUED);
        expect(f, APP ":1.4.0", GATE_ROLLED_BACK);
        expect(f, APP ":1.4.1", GATE_OPEN);
}

static void digest_is_compared_with_what_the_stage_is_to_run_in_the_end(void **state) {
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":latest@" DIGEST_C);

        set_policy(f, TAG_POLICY_DIGEST, false);
        expect(f, APP ":latest@" DIGEST_A, GATE_OPEN);
        (void) deploy(f, APP ":latest", DIGEST_A, DEPLOY_SUCCEEDED);
        expect(f, APP ":latest@" DIGEST_A, GATE_SAME_DIGEST);
        expect(f, APP ":latest@" DIGEST_B, GATE_OPEN);
        expect(f, APP ":latest", GATE_OPEN);
        (void) deploy(f, APP ":latest", DIGEST_B, DEPLOY_ROLLED_BACK);
        expect(f, APP ":latest@" DIGEST_A, GATE_SAME_DIGEST);
        expect(f, APP ":latest@" DIGEST_B, GATE_OPEN);
        (void) run_new(f, APP ":latest@" DIGEST_B, DIGEST_B);
        expect(f, APP ":latest@" DIGEST_B, GATE_SAME_DIGEST);
        expect(f, APP ":latest@" DIGEST_A, GATE_OPEN);
        push.digest = DIGEST_C;
        (void) enqueue(f->store, &push, ENQUEUE_NEW, 0);
        expect(f, APP ":latest@" DIGEST_C, GATE_SAME_DIGEST);
        expect(f, APP ":latest@" DIGEST_B, GATE_OPEN);
}

static void digest_that_was_rolled_back_from_does_not_come_back(void **state) {
        Fixture *f = *state;

        set_policy(f, TAG_POLICY_DIGEST, false);
        (void) deploy(f, APP ":latest", DIGEST_A, DEPLOY_SUCCEEDED);
        (void) deploy(f, APP ":latest", DIGEST_B, DEPLOY_SUCCEEDED);
        roll_back(f, DEPLOY_SUCCEEDED);
        expect(f, APP ":latest@" DIGEST_B, GATE_ROLLED_BACK);
        expect(f, APP ":latest@" DIGEST_A, GATE_SAME_DIGEST);
        expect(f, APP ":latest@" DIGEST_C, GATE_OPEN);
        set_policy(f, TAG_POLICY_DIGEST, true);
        expect(f, APP ":latest@" DIGEST_B, GATE_OPEN);
}

static void each_verdict_but_open_has_a_reason(void **state) {
        (void) state;

        assert_null(gate_reason(GATE_OPEN));
        assert_string_equal(gate_reason(GATE_LOWER_VERSION), "lower-version");
        assert_string_equal(gate_reason(GATE_ROLLED_BACK), "rolled-back");
        assert_string_equal(gate_reason(GATE_SAME_DIGEST), "same-digest");
        assert_string_equal(gate_reason(GATE_OLDER_PUSH), "older-push");
}

static void stages_match_by_their_policies_and_shadows_are_found(void **state) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(stage_list_done) StageList stages = { 0 };
        _cleanup_(match_list_done) MatchList matches = { 0 };
        Fixture *f = *state;
        int64_t id;

        set_policy(f, TAG_POLICY_REGEX, false);
        assert_int_equal(image_ref_parse(APP ":1.5.0", &ref, NULL), 0);
        /* "*" is no expression: the stage takes nothing, and the next one is asked. */
        assert_int_equal(match_images(f->store, ref, &matches), 0);
        assert_int_equal(matches.n, 1);
        assert_string_equal(matches.items[0].stage->name, "prod");
        match_list_done(&matches);

        set_policy(f, TAG_POLICY_SEMVER, false);
        assert_int_equal(match_images(f->store, ref, &matches), 0);
        assert_int_equal(matches.n, 1);
        assert_string_equal(matches.items[0].stage->name, "dev");
        assert_int_equal(matches.items[0].stage->policy, TAG_POLICY_SEMVER);

        assert_int_equal(store_create_stage(f->store,
                                            &(Stage){ .project_id = f->project,
                                                      .name = (char[]){ "test" },
                                                      .tag_pattern = (char[]){ "^1" },
                                                      .policy = TAG_POLICY_SEMVER,
                                                      .max_instances = 1 },
                                            &id),
                         0);
        assert_int_equal(store_list_stages(f->store, f->project, &stages), 0);
        assert_null(match_shadow(&stages, 0));
        assert_null(match_shadow(&stages, 1));
        assert_string_equal(match_shadow(&stages, 2)->name, "prod");
}

/* The newest version of the stage fails its watch, and the one before is brought back. */
static void fail_watch(Fixture *f, uint64_t id) {
        _cleanup_free_ char *reason = NULL;
        WatchVerdict verdict;
        uint64_t back;

        assert_int_equal(store_end_watch(f->store, id, WATCH_FAILED, "", &verdict, &back, &reason), 0);
        assert_int_equal(verdict, WATCH_VERDICT_DONE);
        assert_int_equal(store_start_deploy(f->store, back), 1);
        assert_int_equal(store_finish_deploy(f->store, back, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
}

static uint64_t deploy_watched(Fixture *f, const char *image, const char *digest) {
        uint64_t id = run_new(f, image, digest);

        assert_int_equal(store_note_watch(f->store, id, USEC_PER_SEC), 1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        return id;
}

static void digest_that_failed_its_watch_is_left_whatever_the_policy(void **state) {
        static const TagPolicy policies[] = { TAG_POLICY_GLOB, TAG_POLICY_REGEX, TAG_POLICY_SEMVER,
                                              TAG_POLICY_DIGEST };
        Fixture *f = *state;

        (void) deploy(f, APP ":1.0.0@" DIGEST_A, DIGEST_A, DEPLOY_SUCCEEDED);
        fail_watch(f, deploy_watched(f, APP ":2.0.0@" DIGEST_B, DIGEST_B));
        for (size_t i = 0; i < ELEMENTSOF(policies); i++) {
                set_policy(f, policies[i], false);
                expect(f, APP ":2.0.0@" DIGEST_B, GATE_FAILED_WATCH);
                expect(f, APP ":other@" DIGEST_B, GATE_FAILED_WATCH);
                expect(f, APP ":2.0.0@" DIGEST_C, GATE_OPEN);
        }
        /* What mends it may have a version between the two. */
        set_policy(f, TAG_POLICY_SEMVER, false);
        expect(f, APP ":1.0.1@" DIGEST_C, GATE_OPEN);
        expect(f, APP ":0.9.0@" DIGEST_C, GATE_LOWER_VERSION);
}

int main(void) {
#define with_store(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                with_store(glob_and_regex_follow_every_push),
                with_store(push_that_is_older_than_what_the_stage_has_of_its_tag_is_left),
                with_store(push_that_came_to_nothing_holds_up_none_before_it),
                with_store(push_that_was_superseded_by_another_tag_still_counts),
                with_store(push_that_joins_a_row_brings_its_time),
                with_store(time_of_a_row_follows_it_to_its_new_id_and_goes_with_it),
                with_store(version_is_compared_with_what_runs_and_what_waits),
                with_store(higher_version_of_the_same_image_raises_the_bar),
                with_store(what_has_no_version_sets_no_bar),
                with_store(version_that_waits_for_a_person_is_a_bar_only_while_it_waits),
                with_store(only_a_higher_version_follows_a_rollback),
                with_store(rollback_counts_from_the_moment_that_it_is_asked_for),
                with_store(digest_is_compared_with_what_the_stage_is_to_run_in_the_end),
                with_store(digest_that_was_rolled_back_from_does_not_come_back),
                cmocka_unit_test(each_verdict_but_open_has_a_reason),
                with_store(stages_match_by_their_policies_and_shadows_are_found),
                with_store(digest_that_failed_its_watch_is_left_whatever_the_policy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
