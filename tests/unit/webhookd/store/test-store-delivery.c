/* SPDX-License-Identifier: MIT */
/* How a redelivery is recognised, what it is answered with, and how long an id is remembered. */
#include "store-fixture.h"
#include "webhookd/store/delivery.h"

static Enqueue delivery_of(const Fixture *f, const char *image, const char *id) {
        Enqueue push = push_of(f->dev, image);

        push.delivery_id = id;
        return push;
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
                assert_int_equal(store_finish_deploy(f->store, row, finals[i], "", &(uint64_t){ 0 }), 1);
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
                assert_int_equal(store_finish_deploy(f->store, row, finals[i], "", &(uint64_t){ 0 }), 1);
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
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_FAILED, "no", &(uint64_t){ 0 }), 1);
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
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);

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
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
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
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);

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
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        assert_int_equal(store_execute(f->store, "UPDATE deliveries SET received_at = received_at - "
                                                 "(30 * 86400 + 60) * 1000000"),
                         0);
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > row);
}

static void ids_that_are_too_old_are_not_known_even_before_they_are_pruned(void **state) {
        _cleanup_free_ char *tag = NULL, *other = NULL;
        Fixture *f = *state;

        assert_int_equal(store_use_id(f->store, "shop", "once"), 1);
        assert_int_equal(store_use_id(f->store, "shop", "once"), 0);
        assert_int_equal(store_keep_bare_call(f->store, "shop", "call", "v1"), 0);
        assert_int_equal(
                        store_execute(f->store,
                                      "UPDATE used_ids SET used_at = used_at - (30 * 86400 + 60) * 1000000;"
                                      "UPDATE bare_calls SET called_at = called_at - (30 * 86400 + 60) * 1000000"),
                        0);
        assert_int_equal(store_use_id(f->store, "shop", "once"), 1);
        assert_int_equal(store_use_id(f->store, "shop", "once"), 0);
        assert_int_equal(store_find_bare_call(f->store, "shop", "call", &tag), 0);
        assert_int_equal(store_keep_bare_call(f->store, "shop", "call", "v2"), 0);
        assert_int_equal(store_find_bare_call(f->store, "shop", "call", &other), 1);
        assert_string_equal(other, "v2");
}

static int64_t count_keys(Fixture *f) {
        static const char sql[] = "SELECT count(*) FROM deliveries";
        int64_t n = 0;

        assert_int_equal(store_read_number(f->store, sql, NO_VALUES, &n), 1);
        return n;
}

static void many_old_ids_are_forgotten_some_at_a_time(void **state) {
        static const char sql[] =
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
                        "INSERT INTO deliveries(hook, delivery_id, stage_id, image, deploy_id, received_at) "
                        "SELECT 'main', 'old ' || i, ?1, 'a', 1, i FROM n";
        Fixture *f = *state;
        Enqueue push = delivery_of(f, APP ":1", "new");
        char id[16];

        assert_int_equal(store_write(f->store, sql, VALUES(value_number(f->dev))), 2500);
        (void) enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_prune_deliveries(f->store), 0);
        assert_int_equal(count_keys(f), 1501);
        /* And so by those that come. */
        for (unsigned i = 1; i <= 2 * DELIVERIES_UNPRUNED; i++) {
                (void) snprintf(id, sizeof(id), "%u", i);
                push.delivery_id = id;
                (void) enqueue(f->store, &push, ENQUEUE_JOINED, 0);
        }
        assert_int_equal(count_keys(f), 1 + 2 * DELIVERIES_UNPRUNED);
}

static void tag_of_a_bare_call_is_forgotten_with_its_id(void **state) {
        _cleanup_free_ char *old = NULL, *kept = NULL;
        Fixture *f = *state;

        assert_int_equal(store_keep_bare_call(f->store, "shop", "old", "v1"), 0);
        assert_int_equal(store_keep_bare_call(f->store, "shop", "kept", "v2"), 0);
        assert_int_equal(store_keep_bare_call(f->store, "shop", "kept", "v3"), 0);
        assert_int_equal(store_execute(f->store, "UPDATE bare_calls SET called_at = called_at - "
                                                 "(30 * 86400 + 60) * 1000000 WHERE delivery_id = 'old'"),
                         0);
        assert_int_equal(store_prune_deliveries(f->store), 0);
        assert_int_equal(store_find_bare_call(f->store, "shop", "old", &old), 0);
        assert_int_equal(store_find_bare_call(f->store, "shop", "kept", &kept), 1);
        assert_string_equal(kept, "v2");
}

static void redelivery_does_not_depend_on_whether_the_row_is_still_kept(void **state) {
        Fixture *f = *state;
        Enqueue good = delivery_of(f, APP ":good", "good"), bad = delivery_of(f, APP ":bad", "bad");
        _cleanup_(deploy_freep) Deploy *gone = NULL;
        uint64_t row, refused;

        row = enqueue(f->store, &good, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, row), 1);
        assert_int_equal(store_finish_deploy(f->store, row, DEPLOY_UNCHANGED, "", &(uint64_t){ 0 }), 1);
        refused = enqueue(f->store, &bad, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, refused), 1);
        assert_int_equal(store_finish_deploy(f->store, refused, DEPLOY_FAILED, "", &(uint64_t){ 0 }), 1);

        for (unsigned i = 0; i < DEPLOYS_KEPT + DEPLOYS_UNKEPT + 10; i++) {
                refused = run_new(f, APP ":bad", NULL);
                assert_int_equal(store_finish_deploy(f->store, refused, DEPLOY_FAILED, "", &(uint64_t){ 0 }),
                                 1);
        }

        assert_int_equal(store_find_deploy(f->store, row, &gone), 0);
        assert_null(gone);
        assert_int_equal(enqueue(f->store, &good, ENQUEUE_REDELIVERED, 0), row);
        assert_true(enqueue(f->store, &bad, ENQUEUE_NEW, 0) > refused);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(redelivery_is_answered_with_its_row_while_that_stands),
                TEST(redelivery_of_what_did_not_succeed_is_a_new_row),
                TEST(redelivery_of_a_final_id_is_never_a_new_row),
                TEST(redelivery_is_known_by_hook_id_stage_and_image),
                TEST(redelivery_of_a_joined_push_is_answered_with_the_row_it_joined),
                TEST(redelivery_supersedes_nothing),
                TEST(delivery_ids_are_forgotten_after_thirty_days),
                TEST(delivery_id_that_is_too_old_is_not_known_even_before_it_is_pruned),
                TEST(ids_that_are_too_old_are_not_known_even_before_they_are_pruned),
                TEST(many_old_ids_are_forgotten_some_at_a_time),
                TEST(tag_of_a_bare_call_is_forgotten_with_its_id),
                TEST(redelivery_does_not_depend_on_whether_the_row_is_still_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
