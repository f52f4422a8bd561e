/* SPDX-License-Identifier: MIT */
/* What people read of a deploy: its tag, who asked for it, its kind, and spans of time. */
#include "ctl/print/deploy-words.h"

#include "unit.h"

#define DIGEST "sha256:3f2a91c04b7d5566aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static DeployRow row_of(const char *image, const char *digest) {
        return (DeployRow){ .image = image,
                            .digest = digest,
                            .source = "",
                            .uid = DEPLOY_NO_UID,
                            .user = "",
                            .hook = "",
                            .provider = "" };
}

static void tag_is_what_stands_behind_the_repository(void **state) {
        static const struct {
                const char *image, *digest;
                bool with_digest;
                const char *tag;
        } cases[] = {
                { "ghcr.io/acme/shop:v1.4", "", false, "v1.4" },
                { "ghcr.io/acme/shop:v1.4", DIGEST, false, "v1.4" },
                { "ghcr.io/acme/shop:v1.4", DIGEST, true, "v1.4@3f2a91c" },
                { "ghcr.io/acme/shop:v1.4", "", true, "v1.4" },
                { "ghcr.io/acme/shop:v1.4@" DIGEST, "", true, "v1.4@3f2a91c" },
                { "ghcr.io/acme/shop:v1.4@" DIGEST, DIGEST, false, "v1.4" },
                { "localhost:5000/acme/shop@" DIGEST, "", false, "@3f2a91c04b7d" },
                { "localhost:5000/acme/shop", "", false, "" },
        };
        char word[DEPLOY_WORD_SIZE];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const DeployRow row = row_of(cases[i].image, cases[i].digest);

                assert_string_equal(deploy_tag(&row, cases[i].with_digest, word), cases[i].tag);
        }
}

static void who_is_a_name_a_uid_or_a_hook(void **state) {
        DeployRow row = row_of("a/b:1", "");
        char word[DEPLOY_WORD_SIZE];

        (void) state;

        assert_string_equal(deploy_who(&row, word), "");
        row.hook = "main";
        row.provider = "harbor";
        assert_string_equal(deploy_who(&row, word), "main (harbor)");
        row = row_of("a/b:1", "");
        row.uid = 4123456789;
        assert_string_equal(deploy_who(&row, word), "uid 4123456789");
        row.user = "anna";
        assert_string_equal(deploy_who(&row, word), "anna");
        row = row_of("a/b:1", "");
        row.uid = 0;
        assert_string_equal(deploy_who(&row, word), "root");
}

static void rollback_and_promotion_are_marked(void **state) {
        DeployRow row = row_of("a/b:1", "");
        char word[DEPLOY_WORD_SIZE];

        (void) state;

        row.source = "manual";
        assert_string_equal(deploy_kind(&row, word), "");
        row.source = "rollback";
        row.generation = 3;
        assert_string_equal(deploy_kind(&row, word), "rollback to 3");
        row.source = "promote";
        assert_string_equal(deploy_kind(&row, word), "promotion");
        row.source = "restart";
        assert_string_equal(deploy_kind(&row, word), "restart");
}

static void span_has_its_largest_parts(void **state) {
        static const struct {
                uint64_t seconds;
                unsigned n_parts;
                const char *text;
        } spans[] = {
                { 0, 1, "0s" },         { 59, 1, "59s" },           { 61, 1, "1min" },
                { 61, 2, "1min 1s" },   { 3600, 2, "1h" },          { 3605, 2, "1h" },
                { 7265, 2, "2h 1min" }, { 86400 * 400, 1, "400d" }, { 90000, 2, "1d 1h" },
        };
        char text[SPAN_SIZE];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(spans); i++)
                assert_string_equal(span_format(spans[i].seconds * USEC_PER_SEC, spans[i].n_parts, text),
                                    spans[i].text);
}

static void age_and_duration_never_run_backwards(void **state) {
        DeployRow row = row_of("a/b:1", "");
        char text[SPAN_SIZE];

        (void) state;

        row.queued_at = 100 * USEC_PER_SEC;
        assert_string_equal(deploy_age(&row, 40 * USEC_PER_SEC, text), "0s");
        assert_string_equal(deploy_age(&row, 160 * USEC_PER_SEC, text), "1min");
        assert_string_equal(deploy_took(&row, 160 * USEC_PER_SEC, text), "");
        row.started_at = 110 * USEC_PER_SEC;
        assert_string_equal(deploy_took(&row, 160 * USEC_PER_SEC, text), "50s");
        row.finished_at = 190 * USEC_PER_SEC;
        assert_string_equal(deploy_took(&row, 900 * USEC_PER_SEC, text), "1min 20s");
}

static void steps_are_told_as_far_as_they_are_known(void **state) {
        DeploySteps steps = { .known = { false } };
        char text[DEPLOY_STEPS_WORDS_SIZE];

        (void) state;

        assert_string_equal(deploy_steps_words(&steps, text), "");
        deploy_steps_add(&steps, DEPLOY_STEP_STOP, 10049 * USEC_PER_MSEC);
        deploy_steps_add(&steps, DEPLOY_STEP_START, 999 * USEC_PER_MSEC);
        deploy_steps_add(&steps, DEPLOY_STEP_PULL, 125 * USEC_PER_SEC);
        assert_string_equal(deploy_steps_words(&steps, text), "pull 2min 5s, start 999ms, stop 10.0s");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tag_is_what_stands_behind_the_repository),
                cmocka_unit_test(who_is_a_name_a_uid_or_a_hook),
                cmocka_unit_test(rollback_and_promotion_are_marked),
                cmocka_unit_test(span_has_its_largest_parts),
                cmocka_unit_test(age_and_duration_never_run_backwards),
                cmocka_unit_test(steps_are_told_as_far_as_they_are_known),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
