/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/pull-progress.h"

#include <stdio.h>

#include "unit.h"

static PullProgress *begin(bool unpacks) {
        PullProgress *progress = NULL;

        assert_int_equal(pull_progress_new(unpacks, &progress), 0);
        return progress;
}

static bool take(PullProgress *progress, const char *id, const char *words, int64_t current, int64_t total) {
        PullStatus status = { .id = id, .status = words, .current = current, .total = total };

        return pull_progress_take(progress, &status);
}

static void progress_is_none_without_layers(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(true);

        (void) state;

        assert_false(take(progress, "v1", "Pulling from acme/shop", 0, 0));
        assert_false(take(progress, "", "Pulling registry.example/shop:v1...", 0, 0));
        assert_false(take(progress, "", "Downloading", 1, 2));
        assert_false(take(progress, "a", "Already exists", 0, 0));
        assert_int_equal(pull_progress_percent(progress), -1);
}

static void progress_weighs_fetching_and_unpacking(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(true);

        (void) state;

        assert_true(take(progress, "a", "Pulling fs layer", 0, 0));
        assert_true(take(progress, "b", "Waiting", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 0);
        assert_false(take(progress, "a", "Downloading", 50, 100));
        assert_int_equal(pull_progress_percent(progress), 17);
        assert_false(take(progress, "a", "Download complete", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 35);
        assert_false(take(progress, "a", "Extracting", 50, 100));
        assert_int_equal(pull_progress_percent(progress), 42);
        assert_false(take(progress, "a", "Pull complete", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 50);
        assert_false(take(progress, "b", "Extracting", 100, 100));
        assert_int_equal(pull_progress_percent(progress), 99);
        assert_false(take(progress, "b", "Already exists", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 100);
}

static void progress_without_unpacking_counts_layers_that_are_fetched(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(false);

        (void) state;

        assert_true(take(progress, "a", "Pulling fs layer", 0, 0));
        assert_true(take(progress, "b", "Pulling fs layer", 0, 0));
        assert_false(take(progress, "a", "Download complete", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 50);
        assert_false(take(progress, "b", "Downloading", 100, 100));
        assert_int_equal(pull_progress_percent(progress), 99);
        assert_false(take(progress, "b", "Download complete", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 100);
}

static void progress_never_goes_back(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(true);

        (void) state;

        (void) take(progress, "a", "Downloading", 90, 100);
        assert_int_equal(pull_progress_percent(progress), 62);
        (void) take(progress, "a", "Downloading", 1, 100);
        (void) take(progress, "b", "Waiting", 0, 0);
        assert_int_equal(pull_progress_percent(progress), 62);
        (void) take(progress, "b", "Pull complete", 0, 0);
        assert_int_equal(pull_progress_percent(progress), 81);
}

static void progress_withstands_numbers_of_any_kind(void **state) {
        static const int64_t numbers[] = {
                INT64_MIN, -1, 0, 1, 7, INT64_MAX / 1000, INT64_MAX - 1, INT64_MAX
        };
        static const char *const words[] = { "Downloading", "Extracting" };

        (void) state;

        for (int unpacks = 0; unpacks <= 1; unpacks++)
                for (size_t i = 0; i < ELEMENTSOF(numbers) * ELEMENTSOF(numbers); i++) {
                        _cleanup_(pull_progress_freep) PullProgress *progress = begin(unpacks);
                        int64_t current = numbers[i / ELEMENTSOF(numbers)],
                                total = numbers[i % ELEMENTSOF(numbers)];
                        int before = 0;

                        for (size_t j = 0; j < ELEMENTSOF(words); j++) {
                                int percent;

                                (void) take(progress, "a", words[j], current, total);
                                percent = pull_progress_percent(progress);
                                assert_in_range(percent, before, unpacks || j == 0 ? 99 : 100);
                                before = percent;
                        }
                }
}

static void progress_of_huge_numbers_is_exact(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(false);

        (void) state;

        (void) take(progress, "a", "Downloading", INT64_MAX / 2, INT64_MAX);
        assert_in_range(pull_progress_percent(progress), 49, 50);
}

static void progress_bounds_its_layers(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(true);
        char id[16];

        (void) state;

        for (unsigned i = 0; i < 2 * PULL_LAYERS_MAX; i++) {
                (void) snprintf(id, sizeof(id), "%u", i);
                assert_int_equal(take(progress, id, "Pull complete", 0, 0), i < PULL_LAYERS_MAX);
        }
        /* Not all are known, so they are not all complete. */
        assert_int_equal(pull_progress_percent(progress), 99);
}

static void progress_bounds_the_ids_of_layers(void **state) {
        _cleanup_(pull_progress_freep) PullProgress *progress = begin(true);
        char id[10000];

        (void) state;

        memset(id, 'x', sizeof(id));
        id[sizeof(id) - 1] = '\0';
        assert_false(take(progress, id, "Downloading", 1, 2));
        id[PULL_LAYER_ID_MAX + 1] = '\0';
        assert_false(take(progress, id, "Downloading", 1, 2));
        id[PULL_LAYER_ID_MAX] = '\0';
        assert_true(take(progress, id, "Downloading", 1, 2));
        assert_false(take(progress, id, "Pull complete", 0, 0));
        assert_int_equal(pull_progress_percent(progress), 100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(progress_is_none_without_layers),
                cmocka_unit_test(progress_weighs_fetching_and_unpacking),
                cmocka_unit_test(progress_without_unpacking_counts_layers_that_are_fetched),
                cmocka_unit_test(progress_never_goes_back),
                cmocka_unit_test(progress_withstands_numbers_of_any_kind),
                cmocka_unit_test(progress_of_huge_numbers_is_exact),
                cmocka_unit_test(progress_bounds_its_layers),
                cmocka_unit_test(progress_bounds_the_ids_of_layers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
