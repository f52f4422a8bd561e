/* SPDX-License-Identifier: MIT */
/* Hooks in the store, and ids that are good once. */
#include "store-fixture.h"

#include "webhookd/store/hook.h"

#define FIRST  "11111111-1111-4111-8111-111111111111"
#define SECOND "22222222-2222-4222-8222-222222222222"
#define THIRD  "33333333-3333-4333-8333-333333333333"

static HookRow hook_of(char *name, const char *secret) {
        static char no_images[] = "";
        HookRow row = {
                .name = name,
                .images = no_images,
                .signature = SIGNATURE_RULE_OPTIONAL,
                .created_at = 1000,
        };

        (void) snprintf(row.secret, sizeof(row.secret), "%s", secret);
        return row;
}

static void create(Fixture *f, const char *name, const char *secret) {
        HookRow row = hook_of((char *) (uintptr_t) name, secret);

        assert_int_equal(store_create_hook(f->store, &row), 0);
}

static int rotate(Fixture *f, const char *name, const char *secret, const char *previous, uint64_t until) {
        HookRow row = hook_of((char *) (uintptr_t) name, secret);

        (void) snprintf(row.previous, sizeof(row.previous), "%s", previous);
        row.previous_until = until;
        row.rotated_at = 2000;
        return store_rotate_hook(f->store, &row);
}

static void hook_is_as_it_was_made_after_reopening(void **state) {
        static char images[] = "a.example/* b.example/team/app";
        _cleanup_(hook_row_list_done) HookRowList list = { 0 };
        HookRow row = hook_of((char[]){ "ci" }, FIRST);
        Fixture *f = *state;

        row.images = images;
        row.signature = SIGNATURE_RULE_REQUIRED;
        row.bare = true;
        assert_int_equal(store_create_hook(f->store, &row), 0);
        create(f, "a", SECOND);
        reopen(f);

        assert_int_equal(store_list_hooks(f->store, &list), 0);
        assert_int_equal(list.n, 2);
        assert_string_equal(list.items[0].name, "a");
        assert_string_equal(list.items[1].name, "ci");
        assert_string_equal(list.items[1].secret, FIRST);
        assert_string_equal(list.items[1].previous, "");
        assert_int_equal(list.items[1].previous_until, 0);
        assert_string_equal(list.items[1].images, images);
        assert_int_equal(list.items[1].signature, SIGNATURE_RULE_REQUIRED);
        assert_true(list.items[1].bare);
        assert_false(list.items[0].bare);
        assert_int_equal(list.items[1].created_at, 1000);
        assert_int_equal(list.items[1].rotated_at, 1000);
}

static void bare_hook_is_for_some_image(void **state) {
        HookRow row = hook_of((char[]){ "ci" }, FIRST);
        Fixture *f = *state;

        row.bare = true;
        assert_int_equal(store_create_hook(f->store, &row), -EINVAL);
}

static void name_is_taken_once_and_the_main_hook_has_its_own(void **state) {
        HookRow again = hook_of((char[]){ "ci" }, SECOND), main_hook = hook_of((char[]){ "main" }, SECOND);
        Fixture *f = *state;

        create(f, "ci", FIRST);
        assert_int_equal(store_create_hook(f->store, &again), -EEXIST);
        assert_int_equal(store_create_hook(f->store, &main_hook), -EINVAL);
}

static void rotation_replaces_the_secret_and_keeps_the_one_before_if_asked_to(void **state) {
        _cleanup_(hook_row_list_done) HookRowList kept = { 0 }, dropped = { 0 };
        Fixture *f = *state;

        create(f, "ci", FIRST);
        assert_int_equal(rotate(f, "ci", SECOND, FIRST, 5000), 1);
        assert_int_equal(store_list_hooks(f->store, &kept), 0);
        assert_string_equal(kept.items[0].secret, SECOND);
        assert_string_equal(kept.items[0].previous, FIRST);
        assert_int_equal(kept.items[0].previous_until, 5000);
        assert_int_equal(kept.items[0].created_at, 1000);
        assert_int_equal(kept.items[0].rotated_at, 2000);

        assert_int_equal(rotate(f, "ci", THIRD, "", 0), 1);
        assert_int_equal(store_list_hooks(f->store, &dropped), 0);
        assert_string_equal(dropped.items[0].secret, THIRD);
        assert_string_equal(dropped.items[0].previous, "");
        assert_int_equal(rotate(f, "nobody", SECOND, "", 0), 0);
}

static void secret_whose_time_is_over_is_forgotten(void **state) {
        _cleanup_(hook_row_list_done) HookRowList early = { 0 }, late = { 0 };
        Fixture *f = *state;

        create(f, "ci", FIRST);
        assert_int_equal(rotate(f, "ci", SECOND, FIRST, 5000), 1);
        assert_int_equal(store_forget_secrets(f->store, 4999), 0);
        assert_int_equal(store_list_hooks(f->store, &early), 0);
        assert_string_equal(early.items[0].previous, FIRST);
        assert_int_equal(store_forget_secrets(f->store, 5000), 0);
        assert_int_equal(store_list_hooks(f->store, &late), 0);
        assert_string_equal(late.items[0].previous, "");
        assert_int_equal(late.items[0].previous_until, 0);

        f->store = store_free(f->store);
        assert_false(file_contains(f->path, FIRST));
        assert_true(file_contains(f->path, SECOND));
}

static void removed_hook_leaves_no_trace_and_others_alone(void **state) {
        _cleanup_(hook_row_list_done) HookRowList list = { 0 };
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1");
        DeployState deploy_state;
        uint64_t id;

        create(f, "ci", FIRST);
        create(f, "other", SECOND);
        push.delivery_id = "id";
        (void) enqueue(f->store, &push, ENQUEUE_NEW, 0);
        push.hook = "ci";
        (void) enqueue(f->store, &push, ENQUEUE_JOINED, 0);
        assert_int_equal(store_use_id(f->store, "ci", "once"), 1);

        assert_int_equal(store_remove_hook(f->store, "ci"), 1);
        assert_int_equal(store_remove_hook(f->store, "ci"), 0);
        assert_int_equal(store_find_delivery(f->store, &push, &id, &deploy_state), 0);
        assert_int_equal(store_use_id(f->store, "ci", "once"), 1);
        push.hook = "main";
        assert_int_equal(store_find_delivery(f->store, &push, &id, &deploy_state), 1);
        /* What is no hook of this table is not touched by way of its name. */
        assert_int_equal(store_remove_hook(f->store, "main"), 0);
        assert_int_equal(store_find_delivery(f->store, &push, &id, &deploy_state), 1);

        assert_int_equal(store_list_hooks(f->store, &list), 0);
        assert_int_equal(list.n, 1);
        assert_string_equal(list.items[0].name, "other");
        f->store = store_free(f->store);
        assert_false(file_contains(f->path, FIRST));
}

static void id_is_good_once_a_hook(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_use_id(f->store, "main", "id"), 1);
        assert_int_equal(store_use_id(f->store, "main", "id"), 0);
        assert_int_equal(store_use_id(f->store, "ci", "id"), 1);
        assert_int_equal(store_use_id(f->store, "main", "id-2"), 1);
        reopen(f);
        assert_int_equal(store_use_id(f->store, "main", "id"), 0);
}

static void id_that_was_undone_is_good_again(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_mark(f->store), 0);
        assert_int_equal(store_use_id(f->store, "main", "id"), 1);
        assert_int_equal(store_undo(f->store), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_use_id(f->store, "main", "id"), 1);
}

static void used_ids_are_forgotten_after_thirty_days(void **state) {
        static const char age[] = "UPDATE used_ids SET used_at = used_at - 30 * 24 * 3600 * 1000000 - 1 "
                                  "WHERE id = 'old'";
        Fixture *f = *state;

        assert_int_equal(store_use_id(f->store, "main", "old"), 1);
        assert_int_equal(store_use_id(f->store, "main", "kept"), 1);
        assert_int_equal(store_execute(f->store, age), 0);
        assert_int_equal(store_use_id(f->store, "main", "kept"), 0);
        assert_int_equal(store_use_id(f->store, "main", "old"), 1);
}

static void damaged_hook_is_an_error_and_no_hook_without_a_rule(void **state) {
        static const char damage[] = "PRAGMA ignore_check_constraints = ON;"
                                     "UPDATE hooks SET signature = 'never'";
        HookRowList list = { 0 };
        Fixture *f = *state;

        create(f, "ci", FIRST);
        assert_int_equal(store_execute(f->store, damage), 0);
        assert_int_equal(store_list_hooks(f->store, &list), -EIO);
        assert_null(list.items);
}

static void rules_have_names(void **state) {
        (void) state;

        for (int i = 0; i < _SIGNATURE_RULE_MAX; i++)
                assert_int_equal(signature_rule_from_string(signature_rule_to_string((SignatureRule) i)), i);
        assert_int_equal(signature_rule_from_string("Required"), -EINVAL);
        assert_int_equal(signature_rule_from_string(""), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(hook_is_as_it_was_made_after_reopening),
                TEST(bare_hook_is_for_some_image),
                TEST(name_is_taken_once_and_the_main_hook_has_its_own),
                TEST(rotation_replaces_the_secret_and_keeps_the_one_before_if_asked_to),
                TEST(secret_whose_time_is_over_is_forgotten),
                TEST(removed_hook_leaves_no_trace_and_others_alone),
                TEST(id_is_good_once_a_hook),
                TEST(id_that_was_undone_is_good_again),
                TEST(used_ids_are_forgotten_after_thirty_days),
                TEST(damaged_hook_is_an_error_and_no_hook_without_a_rule),
                cmocka_unit_test(rules_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
