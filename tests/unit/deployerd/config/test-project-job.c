/* SPDX-License-Identifier: MIT */
/* Stages that are jobs: what they may not have, and what does not count for them. */
#include "project-config-fixture.h"

static void job_has_its_own_limit_and_nothing_of_the_services(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(
                        load_text("{" IMAGE
                                  ",\"predeploy\":{\"Cmd\":[\"a\"]},\"healthcheck\":\"tcp\",\"replace\":\"overlap\","
                                  "\"container\":{\"HostConfig\":{\"PortBindings\":{}}},"
                                  "\"stages\":{\"prod\":{\"kind\":\"job\",\"limits\":{\"run\":\"30min\"}}}}",
                                  &config, problem),
                        0);
        assert_int_equal(config.kind, PROJECT_JOB);
        assert_null(config.predeploy.words);
        assert_int_equal(config.job.timeout_usec, 30 * 60 * USEC_PER_SEC);
}

static void service_has_no_limit_of_a_job(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(load_text("{" IMAGE ",\"kind\":\"job\",\"limits\":{\"run\":\"30min\"},"
                                   "\"stages\":{\"prod\":{\"kind\":\"service\",\"healthcheck\":\"tcp\"}}}",
                                   &config, problem),
                         0);
        assert_int_equal(config.kind, PROJECT_SERVICE);
        assert_int_equal(project_limits_run(&config.limits), 0);
}

static void what_has_no_meaning_for_a_job_is_refused_with_its_place(void **state) {
        static const char *const parts[][2] = {
                { "\"healthcheck\":\"none\"", "healthcheck" },
                { "\"replace\":\"recreate\"", "replace" },
                { "\"predeploy\":{\"Cmd\":[\"a\"]}", "predeploy" },
                { "\"postdeploy\":{\"Cmd\":[\"a\"]}", "postdeploy" },
                { "\"limits\":{\"health\":\"1s\"}", "limits/health" },
                { "\"limits\":{\"stable\":\"1s\"}", "limits/stable" },
                { "\"limits\":{\"drain\":\"1s\"}", "limits/drain" },
                { "\"container\":{\"ExposedPorts\":{}}", "container/ExposedPorts" },
                { "\"container\":{\"Healthcheck\":{}}", "container/Healthcheck" },
                { "\"container\":{\"HostConfig\":{\"PortBindings\":{}}}",
                  "container/HostConfig/PortBindings" },
                { "\"container\":{\"HostConfig\":{\"PublishAllPorts\":true}}",
                  "container/HostConfig/PublishAllPorts" },
                { "\"container\":{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"always\"}}}",
                  "container/HostConfig/RestartPolicy" },
                { "\"container\":{\"NetworkingConfig\":{\"EndpointsConfig\":{\"a/b\":{\"Aliases\":[\"x\"]}}}}",
                  "container/NetworkingConfig/EndpointsConfig/a~1b/Aliases" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                char text[512], problem[512];

                (void) snprintf(text, sizeof(text), "{" IMAGE ",\"kind\":\"job\",%s}", parts[i][0]);
                (void) snprintf(problem, sizeof(problem),
                                " /%s: has no meaning for a job, which runs to its end", parts[i][1]);
                expect_problem(text, -EBADMSG, problem);

                (void) snprintf(text, sizeof(text), "{" IMAGE ",\"kind\":\"job\",\"stages\":{\"dev\":{%s}}}",
                                parts[i][0]);
                (void) snprintf(problem, sizeof(problem),
                                " /stages/dev/%s: has no meaning for a job, which runs to its end",
                                parts[i][1]);
                expect_problem(text, -EBADMSG, problem);
        }
}

static void kind_is_one_of_two_words(void **state) {
        (void) state;

        expect_problem("{" IMAGE ",\"kind\":\"cron\"}", -EBADMSG,
                       " /kind: has to be \"service\" or \"job\"");
        expect_problem("{" IMAGE ",\"kind\":null}", -EBADMSG, " /kind: has to be \"service\" or \"job\"");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                ROOT_TEST(job_has_its_own_limit_and_nothing_of_the_services),
                ROOT_TEST(service_has_no_limit_of_a_job),
                ROOT_TEST(what_has_no_meaning_for_a_job_is_refused_with_its_place),
                ROOT_TEST(kind_is_one_of_two_words),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
