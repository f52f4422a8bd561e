/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/health-judge.h"

#include "shared/json.h"
#include "unit.h"

#define STABLE_USEC (10 * USEC_PER_SEC)

#define SETTLE_USEC (2 * USEC_PER_SEC)
#define BEGUN_AT    5000
#define WELL_AT     (20 * USEC_PER_SEC)

/* What was seen, when, and what it means. */
typedef struct Step {
        HealthAsk ask;
        bool answers;
        const char *health;
        uint64_t at;
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
                              .begun_at = BEGUN_AT,
                              .started_at = 1000,
                              .stable_usec = STABLE_USEC,
                              .settle_usec = SETTLE_USEC,
                              .well_at = WELL_AT };

        text[0] = '\0';
        return health_judge(&health, container, step->at, text, 128);
}

static void health_needs_an_answer_and_time(void **state) {
        static const Step steps[] = {
                { HEALTH_ASK_NOTHING, false, "none", BEGUN_AT, HEALTH_UNDECIDED },
                { HEALTH_ASK_NOTHING, false, "none", BEGUN_AT + STABLE_USEC - 1, HEALTH_UNDECIDED },
                { HEALTH_ASK_NOTHING, false, "none", BEGUN_AT + STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_NOTHING, false, "unhealthy", BEGUN_AT + STABLE_USEC, HEALTH_UP },
                { HEALTH_ASK_IMAGE, false, "none", WELL_AT + STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_IMAGE, false, "starting", WELL_AT + STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_IMAGE, false, "healthy", WELL_AT + SETTLE_USEC - 1, HEALTH_UNDECIDED },
                { HEALTH_ASK_IMAGE, false, "healthy", WELL_AT + SETTLE_USEC, HEALTH_UP },
                { HEALTH_ASK_IMAGE, false, "unhealthy", WELL_AT, HEALTH_DOWN },
                { HEALTH_ASK_TCP, false, "none", WELL_AT + STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_TCP, true, "none", WELL_AT + SETTLE_USEC - 1, HEALTH_UNDECIDED },
                /* Looked at before it answered. */
                { HEALTH_ASK_TCP, true, "none", WELL_AT - 1, HEALTH_UNDECIDED },
                { HEALTH_ASK_TCP, true, "none", WELL_AT + SETTLE_USEC, HEALTH_UP },
                { HEALTH_ASK_HTTP, false, "healthy", WELL_AT + STABLE_USEC, HEALTH_UNDECIDED },
                { HEALTH_ASK_HTTP, true, "starting", WELL_AT + SETTLE_USEC, HEALTH_UP },
                { HEALTH_ASK_HTTP, true, "unhealthy", WELL_AT + SETTLE_USEC, HEALTH_UP },
                { HEALTH_ASK_TCP, true, "unhealthy", WELL_AT + SETTLE_USEC, HEALTH_UP },
                { HEALTH_ASK_TCP, false, "unhealthy", WELL_AT + STABLE_USEC, HEALTH_UNDECIDED },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                Container container = running(steps[i].health);
                char text[128];

                if (judge(&steps[i], &container, text) != steps[i].verdict)
                        fail_msg("step %zu", i);
        }
}

static void health_counts_from_the_answer_that_no_failure_follows(void **state) {
        HealthCase health = { .ask = HEALTH_ASK_TCP, .begun_at = BEGUN_AT, .settle_usec = SETTLE_USEC };
        const Container container = running("none");
        char text[128];

        (void) state;

        assert_true(health_stable_at(&health) == UINT64_MAX);
        health.answers = true;
        health_note(&health, &container, WELL_AT);
        assert_int_equal(health_stable_at(&health), WELL_AT + SETTLE_USEC);
        health_note(&health, &container, WELL_AT + 1);
        assert_int_equal(health_stable_at(&health), WELL_AT + SETTLE_USEC);
        health.answers = false;
        health_note(&health, &container, WELL_AT + 2);
        assert_true(health_stable_at(&health) == UINT64_MAX);
        assert_int_equal(health_judge(&health, &container, WELL_AT + SETTLE_USEC, text, sizeof(text)),
                         HEALTH_UNDECIDED);
        health.answers = true;
        health_note(&health, &container, WELL_AT + 3);
        assert_int_equal(health_stable_at(&health), WELL_AT + 3 + SETTLE_USEC);
}

static void health_takes_what_root_says_for_both_spans(void **state) {
        HealthCase health = health_case(BEGUN_AT, 0, /* was_stable= */ false);

        (void) state;

        assert_int_equal(health.begun_at, BEGUN_AT);
        assert_int_equal(health.stable_usec, 3 * USEC_PER_SEC);
        assert_int_equal(health.settle_usec, 1 * USEC_PER_SEC);
        health = health_case(BEGUN_AT, STABLE_USEC, /* was_stable= */ false);
        assert_int_equal(health.stable_usec, STABLE_USEC);
        assert_int_equal(health.settle_usec, STABLE_USEC);
        health = health_case(BEGUN_AT, STABLE_USEC, /* was_stable= */ true);
        assert_int_equal(health.stable_usec, 0);
        assert_int_equal(health.settle_usec, 0);
}

static void health_that_need_not_last_is_there_with_the_answer(void **state) {
        HealthCase health = {
                .ask = HEALTH_ASK_TCP, .answers = true, .begun_at = BEGUN_AT, .well_at = WELL_AT
        };
        const Container container = running("none");
        char text[128];

        (void) state;

        assert_int_equal(health_judge(&health, &container, WELL_AT - 1, text, sizeof(text)), HEALTH_UP);
        health.answers = false;
        assert_int_equal(health_judge(&health, &container, WELL_AT, text, sizeof(text)), HEALTH_UNDECIDED);
}

static void expect_ended(const Container *container, const char *words) {
        for (HealthAsk ask = HEALTH_ASK_NOTHING; ask <= HEALTH_ASK_HTTP; ask++) {
                const Step step = { ask, true, NULL, WELL_AT + STABLE_USEC, HEALTH_ENDED };
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
                cmocka_unit_test(health_counts_from_the_answer_that_no_failure_follows),
                cmocka_unit_test(health_takes_what_root_says_for_both_spans),
                cmocka_unit_test(health_that_need_not_last_is_there_with_the_answer),
                cmocka_unit_test(health_never_comes_back_after_an_end),
                cmocka_unit_test(health_asks_what_the_project_names_before_the_image),
                cmocka_unit_test(health_check_of_the_configuration_counts_as_the_image_s),
                cmocka_unit_test(health_says_why_nothing_is_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
