/* SPDX-License-Identifier: MIT */
/* Where deploys are: the last word of each, and a place for as many as can run. */
#include "webhookd/queue/progress.h"

#include "unit.h"

static void progress_has_the_last_word_of_each_deploy(void **state) {
        Progress progress = { .next = 0 };

        (void) state;

        assert_null(progress_find(&progress, 7));
        progress_note(&progress, 7, "resolved", "sha256:7");
        progress_note(&progress, 8, "pulling", "3%");
        progress_note(&progress, 7, "created", "");
        assert_string_equal(progress_find(&progress, 7)->phase, "created");
        assert_string_equal(progress_find(&progress, 7)->detail, "");
        assert_string_equal(progress_find(&progress, 8)->detail, "3%");
        progress_forget(&progress, 7);
        progress_forget(&progress, 7);
        progress_forget(&progress, 0);
        assert_null(progress_find(&progress, 7));
        assert_non_null(progress_find(&progress, 8));
}

static void progress_that_has_no_place_left_takes_an_old_one(void **state) {
        Progress progress = { .next = 0 };

        (void) state;

        for (uint64_t id = 1; id <= 2 * DEPLOYS_MAX_LIMIT; id++)
                progress_note(&progress, id, "started", "");
        assert_null(progress_find(&progress, DEPLOYS_MAX_LIMIT));
        for (uint64_t id = DEPLOYS_MAX_LIMIT + 1; id <= 2 * DEPLOYS_MAX_LIMIT; id++)
                assert_non_null(progress_find(&progress, id));
}

static void progress_that_is_too_long_is_cut_between_characters(void **state) {
        Progress progress = { .next = 0 };
        char detail[PROGRESS_DETAIL_SIZE + 8];

        (void) state;

        memset(detail, 'x', sizeof(detail));
        memcpy(detail + PROGRESS_DETAIL_SIZE - 2, "\u00e9", 2);
        detail[sizeof(detail) - 1] = '\0';
        progress_note(&progress, 1, detail, detail);
        assert_int_equal(strlen(progress_find(&progress, 1)->detail), PROGRESS_DETAIL_SIZE - 2);
        assert_int_equal(strlen(progress_find(&progress, 1)->phase), PROGRESS_PHASE_SIZE - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(progress_has_the_last_word_of_each_deploy),
                cmocka_unit_test(progress_that_has_no_place_left_takes_an_old_one),
                cmocka_unit_test(progress_that_is_too_long_is_cut_between_characters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
