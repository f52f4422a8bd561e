/* SPDX-License-Identifier: MIT */
/* What a turn puts on disk at once, and what of it is taken back. */
#include "store-fixture.h"

static void begin_and_commit_put_many_requests_on_disk_at_once(void **state) {
        Fixture *f = *state;
        uint64_t id;

        assert_false(store_is_open(f->store));
        assert_int_equal(store_begin(f->store), 0);
        assert_true(store_is_open(f->store));
        assert_int_equal(store_begin(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":1", 0);
        id = push_new(f->store, f->dev, APP ":2", 1);
        assert_int_equal(store_commit(f->store), 0);
        assert_false(store_is_open(f->store));
        reopen(f);
        assert_int_equal(state_of(f->store, id), DEPLOY_QUEUED);
}

static void commit_of_what_was_not_begun_is_an_error(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_commit(f->store), -EIO);
        assert_int_equal(store_rollback(f->store), 0);
        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_commit(f->store), -EIO);
}

static void rollback_leaves_nothing(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) make_project(f->store, "b", "b");
        assert_int_equal(store_rollback(f->store), 0);
        assert_false(store_is_open(f->store));
        assert_int_equal(store_find_project_by_name(f->store, "b", &project), 0);
}

static void transaction_that_nobody_commits_is_gone_with_the_store(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) make_project(f->store, "b", "b");
        reopen(f);
        assert_int_equal(store_find_project_by_name(f->store, "b", &project), 0);
}

static void undo_leaves_the_other_requests_of_the_turn_alone(void **state) {
        static const char *const kept[] = { "app", "a", "c" };
        Fixture *f = *state;
        uint64_t n = 0;

        assert_int_equal(store_begin(f->store), 0);
        for (char name[] = "a"; name[0] <= 'c'; name[0]++) {
                assert_int_equal(store_mark(f->store), 0);
                (void) make_stage(f->store, make_project(f->store, name, name), "dev");
                assert_int_equal(name[0] == 'b' ? store_undo(f->store) : store_keep(f->store), 0);
        }
        assert_int_equal(store_commit(f->store), 0);
        reopen(f);

        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, ELEMENTSOF(kept));
        for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
                _cleanup_(project_freep) Project *project = NULL;

                assert_int_equal(store_find_project_by_name(f->store, kept[i], &project), 1);
        }
}

static void what_is_undone_or_goes_is_counted_no_more(void **state) {
        EnqueueResult result;
        Fixture *f = *state;
        Enqueue push = push_of(f->prod, APP ":1");

        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_mark(f->store), 0);
        (void) make_project(f->store, "b", "b");
        assert_int_equal(store_undo(f->store), 0);
        assert_counts(f->store);

        assert_int_equal(store_enqueue(f->store, &push, &result), 0);
        /* The first is put aside before the second finds no room. */
        push.image = APP ":2";
        push.max_queued = 0;
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        assert_counts(f->store);

        assert_int_equal(store_remove_stage(f->store, f->prod), 1);
        assert_counts(f->store);
        assert_int_equal(store_commit(f->store), 0);

        push = push_of(f->dev, APP ":1");
        assert_int_equal(store_enqueue(f->store, &push, &result), 0);
        assert_int_equal(store_remove_project(f->store, f->project), 1);
        assert_counts(f->store);
}

static void refusal_inside_a_request_keeps_what_came_before_it(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        EnqueueResult result;
        Fixture *f = *state;
        Enqueue push = push_of(f->prod, APP ":1");
        int64_t id;

        assert_int_equal(store_begin(f->store), 0);
        (void) make_project(f->store, "b", "b");
        assert_int_equal(store_create_project(f->store,
                                              &(Project){ .name = (char[]){ "app" },
                                                          .image = (char[]){ "other" } },
                                              &id),
                         -EEXIST);
        push.max_queued = 0;
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        assert_true(store_is_open(f->store));
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_find_project_by_name(f->store, "b", &project), 1);
}

static void request_with_a_step_half_done_cannot_be_kept(void **state) {
        EnqueueResult result;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->prod, APP ":1", 0);
        Enqueue push = push_of(f->prod, APP ":2");

        push.max_queued = 0;
        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_mark(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":1", 0);
        /* What waits is put aside before there turns out to be no room. */
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        assert_int_equal(store_keep(f->store), -EIO);
        assert_int_equal(store_undo(f->store), 0);
        assert_counts(f->store);

        assert_int_equal(store_mark(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":3", 0);
        assert_int_equal(store_keep(f->store), 0);
        assert_int_equal(store_commit(f->store), 0);
        reopen(f);
        assert_int_equal(state_of(f->store, id), DEPLOY_QUEUED);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 2);
        assert_int_equal(count_of(f->store, DEPLOY_SUPERSEDED), 0);
}

static void marks_outside_of_a_transaction_are_an_error(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_mark(f->store), -EIO);
        assert_int_equal(store_keep(f->store), -EIO);
        assert_int_equal(store_undo(f->store), -EIO);
        assert_false(store_is_open(f->store));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(begin_and_commit_put_many_requests_on_disk_at_once),
                TEST(commit_of_what_was_not_begun_is_an_error),
                TEST(rollback_leaves_nothing),
                TEST(transaction_that_nobody_commits_is_gone_with_the_store),
                TEST(undo_leaves_the_other_requests_of_the_turn_alone),
                TEST(what_is_undone_or_goes_is_counted_no_more),
                TEST(refusal_inside_a_request_keeps_what_came_before_it),
                TEST(request_with_a_step_half_done_cannot_be_kept),
                TEST(marks_outside_of_a_transaction_are_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
