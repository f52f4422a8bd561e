/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/health-judge.h"

#include "shared/json.h"
#include "unit.h"

#define STABLE_USEC (10 * USEC_PER_SEC)

/* What was seen, when, and what it means. */
typedef struct Step {
        HealthAsk ask;
        bool answers;
        const char *health;
        uint64_t age;
        HealthVerdict verdict;
} Step;

static Container running(const char *health) {
        return (Container){ .name = "shop-dev-7",
                            .status = "running",
                            .health = health,
                            .running = true,
                            .started_at = 1000 };
}

static HealthVerdict judge(const Step *step, const Container *container, char text[static 128]) {
        HealthCase health = { .ask = step->ask,
                              .answers = step->answers,
                              .begun_at = 5000,
                              .started_at = 1000,
                              .stable_usec = STABLE_USEC };

        text[0] = '\0';
        return health_judge(&health, container, 5000 + step->age, text, 128);
}

static void health_needs_an_answer_and_time(void **state) {
        static const Step steps[] = {
                { HEALTH_ASK_NOTHING, false, "none", 0, HEALTH_UNDECIDED },
                { HEALTH_ASK_NOTHING, false, "none", STABLE_USEC - 1, HEALTH_UNDECIDED },
                { HEALTH_ASK_NOTHING, false, "none", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_NOTHING, false, "unhealthy", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_IMAGE, false, "none", STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_IMAGE, false, "starting", STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_IMAGE, false, "healthy", STABLE_USEC - 1, HEALTH_UNDECIDED },
                { HEALTH_ASK_IMAGE, false, "healthy", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_IMAGE, false, "unhealthy", 0, HEALTH_DOWN },
                { HEALTH_ASK_TCP, false, "none", STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_TCP, true, "none", STABLE_USEC - 1, HEALTH_UNDECIDED },
                { HEALTH_ASK_TCP, true, "none", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_HTTP, false, "healthy", STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_HTTP, true, "starting", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_HTTP, true, "unhealthy", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_TCP, true, "unhealthy", STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_TCP, false, "unhealthy", STABLE_USEC, HEALTH_UNDECIDED },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                Container container = running(steps[i].health);
                char text[128];

                if (judge(&steps[i], &container, text) != steps[i].verdict)
                        fail_msg("step %zu", i);
        }
}

static void expect_ended(const Container *container, const char *words) {
        for (HealthAsk ask = HEALTH_ASK_NOTHING; ask <= HEALTH_ASK_HTTP; ask++) {
                const Step step = { ask, true, NULL, STABLE_USEC, HEALTH_ENDED };
                char text[128];

                assert_int_equal(judge(&step, container, text), HEALTH_ENDED);
                assert_string_equal(text, words);
        }
}

static void health_never_comes_back_after_an_end(void **state) {
        Container container = running("healthy");

        (void) state;

        container.restarts = 1;
        expect_ended(&container, "it ended and was restarted");
        container = running("healthy");
        container.started_at = 2000;
        expect_ended(&container, "it ended and was restarted");
        container = running("healthy");
        container.status = "restarting";
        container.exit_code = 3;
        expect_ended(&container, "it exited with status 3 and was restarted");

        container = running("healthy");
        container.running = false;
        container.exit_code = 137;
        container.oom_killed = true;
        expect_ended(&container, "it was killed by SIGKILL (out of memory)");
        container.oom_killed = false;
        container.exit_code = 0;
        expect_ended(&container, "it exited with status 0");
}

static const char bridge[] =
                ",\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.3\"}}}";
static const char checked[] = ",\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\",\"/check\"]}}";
static const char unchecked[] = ",\"Config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}}";

static void expect_choice(const char *healthcheck, bool has, uint16_t port, const char *more1,
                          const char *more2, HealthAsk expected, const char *expected_why) {
        const HealthSpec spec = { .has_healthcheck = has, .healthcheck = healthcheck, .port = port };
        _cleanup_(container_done) Container container = { .json = NULL };
        _cleanup_free_ char *text = NULL;
        const char *why = NULL;
        json_t *json = NULL;
        JsonError error;

        assert_true(asprintf(&text, "{\"Id\":\"ab\",\"Name\":\"/x\",\"State\":{\"Status\":\"running\"}%s%s}",
                             more1, more2) > 0);
        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        assert_int_equal(container_read(json, &container), 0);
        assert_int_equal(health_choose(&spec, &container, &why), expected);
        assert_string_equal(strempty(why), expected_why);
}

static void health_asks_what_the_project_names_before_the_image(void **state) {
        (void) state;

        expect_choice("tcp", true, 80, bridge, checked, HEALTH_ASK_TCP, "");
        expect_choice("http:/healthz", true, 80, bridge, checked, HEALTH_ASK_HTTP, "");
        expect_choice("image", true, 80, bridge, "", HEALTH_ASK_IMAGE, "");
        expect_choice("", true, 80, bridge, "", HEALTH_ASK_IMAGE, "");
        expect_choice(NULL, false, 80, bridge, "", HEALTH_ASK_TCP, "");
        expect_choice("image", false, 80, bridge, "", HEALTH_ASK_TCP, "");
}

static void health_check_of_the_configuration_counts_as_the_image_s(void **state) {
        (void) state;

        expect_choice("", false, 80, bridge, checked, HEALTH_ASK_IMAGE, "");
        expect_choice("", true, 80, bridge, unchecked, HEALTH_ASK_TCP, "");
        expect_choice("", true, 0, bridge, unchecked, HEALTH_ASK_NOTHING, "no port to ask");
}

static void health_says_why_nothing_is_asked(void **state) {
        (void) state;

        expect_choice("none", true, 80, bridge, checked, HEALTH_ASK_NOTHING, "no check is wanted");
        expect_choice("", false, 0, bridge, "", HEALTH_ASK_NOTHING, "no port to ask");
        expect_choice("http:/", false, 0, bridge, "", HEALTH_ASK_NOTHING, "no port to ask");
        expect_choice("tcp", false, 80, "", "", HEALTH_ASK_NOTHING, "no address to ask at");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(health_needs_an_answer_and_time),
                cmocka_unit_test(health_never_comes_back_after_an_end),
                cmocka_unit_test(health_asks_what_the_project_names_before_the_image),
                cmocka_unit_test(health_check_of_the_configuration_counts_as_the_image_s),
                cmocka_unit_test(health_says_why_nothing_is_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
