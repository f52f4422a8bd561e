/* SPDX-License-Identifier: MIT */
#include "deployerd/repository-note.h"

#include <fcntl.h>
#include <stdio.h>

#include "deployerd/state.h"
#include "state-fixture.h"

static void expect(const char *project, const char *repository) {
        _cleanup_free_ char *found = NULL;

        assert_int_equal(repository_note_read(project, &found), repository ? 1 : 0);
        if (repository)
                assert_string_equal(found, repository);
        else
                assert_null(found);
}

static void project_has_run_what_was_noted_last(void **state) {
        (void) state;

        expect("shop", NULL);
        assert_int_equal(repository_note_write("shop", "ghcr.io/acme/shop"), 0);
        expect("shop", "ghcr.io/acme/shop");
        assert_int_equal(repository_note_write("shop", "ghcr.io/acme/shop"), 0);
        assert_int_equal(repository_note_write("shop", "ghcr.io/other/shop"), 0);
        expect("shop", "ghcr.io/other/shop");
        expect("other", NULL);
        repository_note_forget("shop");
        expect("shop", NULL);
        repository_note_forget("shop");
}

static void name_that_is_none_is_no_path(void **state) {
        static const char *const names[] = { "", "..", "../shop", "a/b", ".new.1", "A" };
        char *repository = NULL;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(repository_note_write(names[i], "ghcr.io/acme/shop"), -EINVAL);
                assert_int_equal(repository_note_read(names[i], &repository), -EINVAL);
                assert_null(repository);
                repository_note_forget(names[i]);
        }
}

static void file_that_is_no_note_is_told_from_none(void **state) {
        static const char *const texts[] = { "", "\n", "ghcr.io/acme/shop", "ghcr.io/acme/shop\n\n",
                                             "a\nb\n" };
        _cleanup_close_ int folder = state_open("repositories", /* make= */ true);
        char *repository = NULL, text[2048];

        (void) state;

        assert_true(folder >= 0);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                assert_int_equal(state_write(folder, "shop", texts[i]), 0);
                assert_int_equal(repository_note_read("shop", &repository), -EBADMSG);
        }

        memset(text, 'a', sizeof(text));
        text[sizeof(text) - 2] = '\n';
        text[sizeof(text) - 1] = '\0';
        assert_int_equal(state_write(folder, "shop", text), 0);
        assert_int_equal(repository_note_read("shop", &repository), -EBADMSG);
        assert_int_equal(repository_note_write("shop", text), -EINVAL);
        assert_null(repository);
        /* And is mended by the next one. */
        assert_int_equal(repository_note_write("shop", "ghcr.io/acme/shop"), 0);
        expect("shop", "ghcr.io/acme/shop");
}

static void nothing_is_noted_without_a_state_directory(void **state) {
        (void) state;

        assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
        assert_int_equal(repository_note_write("shop", "ghcr.io/acme/shop"), 0);
        expect("shop", NULL);
        repository_note_forget("shop");
        assert_int_equal(state_open(NULL, /* make= */ false), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(project_has_run_what_was_noted_last, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(name_that_is_none_is_no_path, state_set_up, state_tear_down),
                cmocka_unit_test_setup_teardown(file_that_is_no_note_is_told_from_none, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(nothing_is_noted_without_a_state_directory, state_set_up,
                                                state_tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
