/* SPDX-License-Identifier: MIT */
#include "deployerd/volume-note.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "deployerd/state.h"
#include "shared/json.h"
#include "state-fixture.h"

static void expect(const char *project, const char *stage, const char *wanted) {
        _cleanup_(json_freep) json_t *note = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(volume_note_read(project, stage, &note), 0);
        assert_int_equal(json_encode(note, &text), 0);
        assert_string_equal(text, wanted);
}

static void expect_list(const char *project, const char *wanted) {
        _cleanup_(json_freep) json_t *names = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(volume_note_list(project, &names), 0);
        assert_int_equal(json_encode(names, &text), 0);
        assert_string_equal(text, wanted);
}

static int note(const char *project, const char *stage, const char *path, const char *name) {
        _cleanup_(json_freep) json_t *volumes = path ? json_pack("{s:s}", path, name) : json_object();

        assert_non_null(volumes);
        return volume_note_write(project, stage, volumes);
}

static void stage_has_what_was_noted_last(void **state) {
        (void) state;

        expect("shop", "dev", "{}");
        assert_int_equal(note("shop", "dev", "/data", "4f1c"), 0);
        expect("shop", "dev", "{\"/data\":\"4f1c\"}");
        assert_int_equal(note("shop", "dev", "/cache", "90ab"), 0);
        expect("shop", "dev", "{\"/cache\":\"90ab\"}");
        expect("shop", "prod", "{}");
        assert_int_equal(note("shop", "dev", NULL, NULL), 0);
        expect("shop", "dev", "{}");
        assert_int_equal(note("shop", "dev", NULL, NULL), 0);
}

static void project_has_what_its_own_stages_have(void **state) {
        (void) state;

        expect_list("shop", "[]");
        assert_int_equal(note("shop", "dev", "/data", "4f1c"), 0);
        assert_int_equal(note("shopping", "dev", "/data", "90ab"), 0);
        assert_int_equal(note("sho", "dev", "/data", "77aa"), 0);
        expect_list("shop", "[\"4f1c\"]");
        expect_list("shopping", "[\"90ab\"]");
        expect_list("s", "[]");
}

/* Nothing is known of what it said, and nothing may be mounted in its place. */
static void file_that_is_no_note_is_damaged(void **state) {
        static const char *const texts[] = { "",
                                             "{",
                                             "[\"4f1c\"]",
                                             "null",
                                             "{\"/data\":\"4f1c\"}}",
                                             "{\"/data\":7}",
                                             "{\"data\":\"4f1c\"}" };
        _cleanup_close_ int folder = state_open("volumes", /* make= */ true);
        char too_long[65U * 1024U] = "";

        (void) state;

        assert_true(folder >= 0);
        memset(too_long, ' ', sizeof(too_long) - 1);
        for (size_t i = 0; i <= ELEMENTSOF(texts); i++) {
                json_t *note = NULL;

                assert_int_equal(
                                state_write(folder, "shop.dev", i < ELEMENTSOF(texts) ? texts[i] : too_long),
                                0);
                assert_int_equal(volume_note_read("shop", "dev", &note), -EBADMSG);
                assert_int_equal(volume_note_list("shop", &note), -EBADMSG);
                assert_null(note);
                expect("shop", "prod", "{}");
                expect_list("cart", "[]");
        }

        assert_int_equal(unlinkat(folder, "shop.dev", 0), 0);
        assert_int_equal(symlinkat("elsewhere", folder, "shop.dev"), 0);
        assert_int_equal(volume_note_read("shop", "dev", &(json_t *){ NULL }), -ELOOP);

        /* And is mended by the next one. */
        assert_int_equal(note("shop", "dev", "/data", "4f1c"), 0);
        expect("shop", "dev", "{\"/data\":\"4f1c\"}");
}

static void note_that_is_too_long_leaves_the_one_before(void **state) {
        _cleanup_free_ char *path = malloc(64U * 1024U + 1);

        (void) state;

        assert_non_null(path);
        memset(path, 'a', 64U * 1024U);
        path[64U * 1024U] = '\0';
        assert_int_equal(note("shop", "dev", "/data", "4f1c"), 0);
        assert_int_equal(note("shop", "dev", path, "90ab"), -E2BIG);
        expect("shop", "dev", "{\"/data\":\"4f1c\"}");
}

static void name_that_is_none_is_no_path(void **state) {
        static const char *const names[] = { "", "..", "../shop", "a/b", ".new.1", "A" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(note(names[i], "dev", "/data", "4f1c"), -EINVAL);
                assert_int_equal(note("shop", names[i], "/data", "4f1c"), -EINVAL);
                expect(names[i], "dev", "{}");
        }
}

static void folder_that_is_none_is_an_error(void **state) {
        char path[64];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/volumes", (const char *) *state);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(note("shop", "dev", "/data", "4f1c"), -ENOTDIR);
        expect("shop", "dev", "{}");
}

static void nothing_is_noted_without_a_state_directory(void **state) {
        (void) state;

        assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
        assert_int_equal(note("shop", "dev", "/data", "4f1c"), 0);
        expect("shop", "dev", "{}");
        expect_list("shop", "[]");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(stage_has_what_was_noted_last, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(project_has_what_its_own_stages_have, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(file_that_is_no_note_is_damaged, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(note_that_is_too_long_leaves_the_one_before, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(name_that_is_none_is_no_path, state_set_up, state_tear_down),
                cmocka_unit_test_setup_teardown(folder_that_is_none_is_an_error, state_set_up,
                                                state_tear_down),
                cmocka_unit_test_setup_teardown(nothing_is_noted_without_a_state_directory, state_set_up,
                                                state_tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
