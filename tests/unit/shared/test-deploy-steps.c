/* SPDX-License-Identifier: MIT */
#include "shared/deploy-steps.h"

#include "unit.h"

static void expect_text(const DeploySteps *steps, const char *expected) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(deploy_steps_format(steps, &text), 0);
        assert_string_equal(text, expected);
        assert_true(strlen(text) < DEPLOY_STEPS_SIZE);
}

static void steps_are_told_in_their_order_and_in_ms(void **state) {
        DeploySteps steps = { .known = { false } };

        (void) state;

        assert_false(deploy_steps_are_known(&steps));
        expect_text(&steps, "{}");
        deploy_steps_add(&steps, DEPLOY_STEP_STOP, 10 * USEC_PER_SEC);
        deploy_steps_add(&steps, DEPLOY_STEP_PULL, 1999);
        deploy_steps_add(&steps, DEPLOY_STEP_PULL, 1999);
        deploy_steps_add(&steps, DEPLOY_STEP_DRAIN, 0);
        assert_true(deploy_steps_are_known(&steps));
        expect_text(&steps, "{\"pull\":3,\"drain\":0,\"stop\":10000}");

        for (DeployStep i = 0; i < _DEPLOY_STEP_MAX; i++)
                deploy_steps_add(&steps, i, UINT64_MAX / 2);
        expect_text(&steps, "{\"pull\":4294967295,\"predeploy\":4294967295,\"start\":4294967295,"
                            "\"healthy\":4294967295,\"stable\":4294967295,\"drain\":4294967295,"
                            "\"stop\":4294967295,\"postdeploy\":4294967295,\"run\":4294967295}");
}

static void steps_are_read_as_they_are_told(void **state) {
        DeploySteps steps;

        (void) state;

        assert_int_equal(deploy_steps_parse("{\"stable\":1000,\"later\":[7],\"pull\":0}", &steps), 0);
        expect_text(&steps, "{\"pull\":0,\"stable\":1000}");
        assert_int_equal(deploy_steps_parse("{}", &steps), 0);
        assert_false(deploy_steps_are_known(&steps));
}

static void text_that_tells_no_steps_is_refused(void **state) {
        static const char *const texts[] = {
                "", "7", "[]", "{\"pull\":-1}", "{\"pull\"}", "{\"pull\":\"1\"}", "{\"pull\":4294967296}",
        };
        char large[DEPLOY_STEPS_SIZE + 16] = "{\"later\":\"";
        DeploySteps steps;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(deploy_steps_parse(texts[i], &steps), -EBADMSG);

        memset(large + strlen(large), 'x', DEPLOY_STEPS_SIZE);
        memcpy(large + DEPLOY_STEPS_SIZE, "\"}", sizeof("\"}"));
        assert_int_equal(deploy_steps_parse(large, &steps), -EBADMSG);
}

static void step_is_found_by_its_name(void **state) {
        (void) state;

        for (DeployStep i = 0; i < _DEPLOY_STEP_MAX; i++)
                assert_int_equal(deploy_step_from_string(deploy_step_to_string(i)), i);
        assert_int_equal(deploy_step_from_string("later"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(steps_are_told_in_their_order_and_in_ms),
                cmocka_unit_test(steps_are_read_as_they_are_told),
                cmocka_unit_test(text_that_tells_no_steps_is_refused),
                cmocka_unit_test(step_is_found_by_its_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
