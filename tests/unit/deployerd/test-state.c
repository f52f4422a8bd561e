/* SPDX-License-Identifier: MIT */
#include "deployerd/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "deployerd/takeover.h"
#include "shared/conf/conf.h"
#include "state-fixture.h"

#define STORE "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11"

static void file_has_the_text_that_was_written_last(void **state) {
        _cleanup_close_ int folder = state_open("notes", /* make= */ true);
        char text[8];

        (void) state;

        assert_true(folder >= 0);
        assert_int_equal(state_read(folder, "one", text, sizeof(text)), -ENOENT);
        assert_int_equal(state_write(folder, "one", "first"), 0);
        assert_int_equal(state_write(folder, "one", "second"), 0);
        assert_int_equal(state_read(folder, "one", text, sizeof(text)), 0);
        assert_string_equal(text, "second");
        assert_int_equal(state_read(folder, "one", text, strlen("second")), -E2BIG);
}

static void what_cannot_be_written_leaves_nothing(void **state) {
        _cleanup_close_ int folder = state_open("notes", /* make= */ true);
        char text[8], scratch[32];

        (void) state;

        /* A folder is in the way of the name. */
        assert_int_equal(mkdirat(folder, "dir", 0700), 0);
        assert_int_equal(state_write(folder, "dir", "text"), -EISDIR);
        assert_int_equal(state_read(folder, "dir", text, sizeof(text)), -EISDIR);
        (void) snprintf(scratch, sizeof(scratch), ".new.%ld", (long) getpid());
        assert_int_equal(faccessat(folder, scratch, F_OK, 0), -1);

        /* And of the file that it is made of. */
        assert_int_equal(mkdirat(folder, scratch, 0700), 0);
        assert_int_equal(state_write(folder, "one", "text"), -EISDIR);
        (void) unlinkat(folder, scratch, AT_REMOVEDIR);
}

static void folder_that_is_none_is_an_error(void **state) {
        _cleanup_close_ int top = state_open(NULL, /* make= */ false);

        (void) state;

        assert_true(top >= 0);
        assert_int_equal(state_open("notes", /* make= */ false), -ENOENT);
        assert_int_equal(state_write(top, "notes", "a file"), 0);
        assert_int_equal(state_open("notes", /* make= */ true), -ENOTDIR);
        assert_int_equal(setenv("STATE_DIRECTORY", "/nowhere/at/all", 1), 0);
        assert_int_equal(state_open("notes", /* make= */ true), -ENOENT);
        assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
        assert_int_equal(state_open("notes", /* make= */ true), -ENOENT);
}

static int count(int folder, const char *name, void *userdata) {
        unsigned *n = userdata;

        assert_true(folder >= 0);
        assert_true(streq(name, "one") || streq(name, "two"));
        return ++*n > 1 ? -ECANCELED : 0;
}

static void folder_is_listed_until_somebody_has_enough(void **state) {
        _cleanup_close_ int folder = -1;
        unsigned n = 0;

        (void) state;

        assert_int_equal(state_list("notes", count, &n), 0);
        folder = state_open("notes", /* make= */ true);
        assert_int_equal(state_write(folder, "one", ""), 0);
        assert_int_equal(state_list("notes", count, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(state_write(folder, "two", ""), 0);
        assert_int_equal(state_list("notes", count, &n), -ECANCELED);
}

static void stage_has_a_file_and_what_is_no_stage_has_none(void **state) {
        static const char *const names[] = { "", "..", "../shop", "a/b", ".new.1", "A" };
        char name[STATE_STAGE_SIZE];

        (void) state;

        assert_int_equal(state_stage_name("shop", "dev", name), 0);
        assert_string_equal(name, "shop.dev");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(state_stage_name(names[i], "dev", name), -EINVAL);
                assert_int_equal(state_stage_name("shop", names[i], name), -EINVAL);
                assert_int_equal(takeover_note("shop", names[i], STORE), -EINVAL);
                assert_false(takeover_is_noted(names[i], "dev", STORE));
                takeover_forget("shop", names[i]);
        }
}

static void take_over_is_a_wish_of_one_store_until_it_is_forgotten(void **state) {
        _cleanup_(strv_freep) char **stages = NULL, **none = NULL;
        _cleanup_close_ int folder = -1;

        (void) state;

        assert_false(takeover_is_noted("shop", "dev", STORE));
        assert_int_equal(takeover_note("shop", "dev", STORE), 0);
        assert_true(takeover_is_noted("shop", "dev", STORE));
        assert_false(takeover_is_noted("shop", "dev", "another"));
        assert_false(takeover_is_noted("shop", "prod", STORE));

        /* What others put there is no stage. */
        folder = state_open("take-over", /* make= */ false);
        assert_int_equal(state_write(folder, "strange", STORE), 0);
        assert_int_equal(state_write(folder, "a.b.c", STORE), 0);
        assert_int_equal(takeover_list(&stages), 0);
        assert_non_null(stages[0]);
        assert_string_equal(stages[0], "shop/dev");
        assert_null(stages[1]);

        takeover_forget("shop", "dev");
        assert_int_equal(takeover_list(&none), 0);
        assert_null(none[0]);

        /* Without a place for it there is no wish. */
        assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
        assert_int_equal(takeover_note("shop", "dev", STORE), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(file_has_the_text_that_was_written_last, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(what_cannot_be_written_leaves_nothing, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(folder_that_is_none_is_an_error, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(folder_is_listed_until_somebody_has_enough, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(stage_has_a_file_and_what_is_no_stage_has_none, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(take_over_is_a_wish_of_one_store_until_it_is_forgotten,
                                                state_set_up, state_tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
