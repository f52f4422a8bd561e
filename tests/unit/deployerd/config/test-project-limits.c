/* SPDX-License-Identifier: MIT */
#include "deployerd/config/project-limits.h"

#include "unit.h"

#define MINUTE (60 * USEC_PER_SEC)

static int parse(const char *name, const char *text, ProjectLimits *limits) {
        const char *expected = NULL;
        ProjectLimit limit;
        int r;

        assert_true(project_limit_find(name, &limit));
        r = project_limit_parse(text, limit, limits, &expected);
        assert_true(!expected == (r >= 0));
        return r;
}

static void limit_is_a_time_span_within_the_maximum_of_its_setting(void **state) {
        static const struct {
                const char *name, *longest, *too_long;
        } cases[] = {
                { "health", "1d", "25h" },      { "stable", "24h", "1d 1s" },  { "stop", "1h", "1h 1s" },
                { "drain", "5min", "5min 1s" }, { "pull", "60min", "1h 1ms" }, { "run", "60min", "1h 1ms" },
        };
        ProjectLimits limits = { .set = 0 };
        ProjectLimit limit;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(parse(cases[i].name, cases[i].longest, &limits), 0);
                assert_int_equal(parse(cases[i].name, cases[i].too_long, &limits), -EINVAL);
                assert_int_equal(parse(cases[i].name, "soon", &limits), -EINVAL);
                assert_int_equal(parse(cases[i].name, "0", &limits),
                                 streq(cases[i].name, "drain") ? 0 : -EINVAL);
        }
        assert_false(project_limit_find("retries", &limit));
}

static void limits_take_the_place_of_what_counts_for_all(void **state) {
        DeployerConfig config = {
                .deploy_deadline_usec = 15 * MINUTE,
                .health_deadline_usec = 2 * MINUTE,
                .stable_usec = 3 * USEC_PER_SEC,
                .drain_usec = 2 * USEC_PER_SEC,
                .stop_grace_usec = 10 * USEC_PER_SEC,
        };
        ProjectLimits limits = { .set = 0 };

        (void) state;

        project_limits_apply(&limits, &config);
        assert_int_equal(config.deploy_deadline_usec, 15 * MINUTE);
        assert_int_equal(project_limits_pull(&limits), 0);

        /* What is run before and after the switch comes on top. */
        project_limits_add_commands(&limits,
                                    &(ProjectCommand){ .words = json_true(), .timeout_usec = 7 * MINUTE },
                                    &(ProjectCommand){ .timeout_usec = 9 * MINUTE });
        project_limits_apply(&limits, &config);
        assert_int_equal(config.deploy_deadline_usec, 22 * MINUTE);
        config.deploy_deadline_usec = 15 * MINUTE;
        limits = (ProjectLimits){ .set = 0 };

        assert_int_equal(parse("health", "10min", &limits), 0);
        assert_int_equal(parse("drain", "0", &limits), 0);
        assert_int_equal(parse("stop", "1min", &limits), 0);
        assert_int_equal(parse("pull", "20min", &limits), 0);
        project_limits_apply(&limits, &config);
        assert_int_equal(config.health_deadline_usec, 10 * MINUTE);
        assert_int_equal(config.stable_usec, 3 * USEC_PER_SEC);
        assert_int_equal(config.drain_usec, 0);
        assert_int_equal(config.stop_grace_usec, MINUTE);
        assert_int_equal(project_limits_pull(&limits), 20 * MINUTE);
        /* 8 minutes for its health, 50 seconds for the end of the old one, and the pull. */
        assert_int_equal(config.deploy_deadline_usec,
                         15 * MINUTE + 8 * MINUTE + 50 * USEC_PER_SEC + 20 * MINUTE);
}

static void deploy_never_takes_longer_than_its_caller_waits(void **state) {
        DeployerConfig config = { .deploy_deadline_usec = 50 * MINUTE, .health_deadline_usec = MINUTE };
        ProjectLimits limits = { .set = 0 };

        (void) state;

        assert_int_equal(parse("health", "23h", &limits), 0);
        project_limits_apply(&limits, &config);
        assert_int_equal(config.deploy_deadline_usec, DEPLOY_DEADLINE_MAX_USEC);
        assert_true(DEPLOY_DEADLINE_MAX_USEC < TRIGGER_DEPLOY_TIMEOUT_USEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(limit_is_a_time_span_within_the_maximum_of_its_setting),
                cmocka_unit_test(limits_take_the_place_of_what_counts_for_all),
                cmocka_unit_test(deploy_never_takes_longer_than_its_caller_waits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
