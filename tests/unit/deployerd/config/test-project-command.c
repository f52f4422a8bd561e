/* SPDX-License-Identifier: MIT */
/* Commands of a project's file: a stage's in the place of its project's, and the mistakes, each with its place. */
#include "project-config-fixture.h"

static void command_of_a_stage_takes_the_place_of_its_projects(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(
                        load_text("{" IMAGE
                                  ",\"stages\":{\"prod\":{\"predeploy\":{\"Cmd\":[\"b\",\"c\"],\"timeout\":\"20min\"}},"
                                  "\"dev\":{\"predeploy\":null,\"postdeploy\":null}},"
                                  "\"predeploy\":{\"Cmd\":[\"a\"],\"container\":{\"User\":\"1\"},\"on_rollback\":true},"
                                  "\"postdeploy\":{\"Cmd\":[\"p\"]}}",
                                  &config, problem),
                        0);
        assert_int_equal(json_array_size(config.predeploy.words), 2);
        assert_null(config.predeploy.container);
        assert_false(config.predeploy.on_rollback);
        assert_int_equal(config.predeploy.timeout_usec, 20 * 60 * USEC_PER_SEC);
        assert_string_equal(json_string_value(json_array_get(config.postdeploy.words, 0)), "p");
        assert_int_equal(config.postdeploy.timeout_usec, PROJECT_COMMAND_TIMEOUT_USEC);
        /* The deploy may take so much longer. */
        assert_int_equal(config.limits.commands_usec, 20 * 60 * USEC_PER_SEC + PROJECT_COMMAND_TIMEOUT_USEC);
}

static void command_of_a_project_is_taken_away_by_null(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(load_text("{" IMAGE ",\"stages\":{\"prod\":{\"predeploy\":null}},"
                                   "\"predeploy\":{\"Cmd\":[\"a\"]}}",
                                   &config, problem),
                         0);
        assert_null(config.predeploy.words);
        assert_int_equal(config.limits.commands_usec, 0);
}

static void mistakes_of_a_command_have_their_place(void **state) {
        (void) state;

#define PREDEPLOY(text) "{" IMAGE ",\"predeploy\":" text "}"
        expect_problem(PREDEPLOY("[\"bin/migrate\"]"), -EBADMSG,
                       " /predeploy: has to be an object with a Cmd, or null");
        expect_problem(PREDEPLOY("{}"), -EBADMSG,
                       " /predeploy/Cmd: has to be there: it is the command, an array of words");
        expect_problem(PREDEPLOY("{\"Cmd\":\"bin/migrate --all\"}"), -EBADMSG,
                       " /predeploy/Cmd: has to be an array of words, such as [\"bin/migrate\"], 256 at most");
        expect_problem(PREDEPLOY("{\"Cmd\":[]}"), -EBADMSG,
                       " /predeploy/Cmd: has to be an array of words, such as [\"bin/migrate\"], 256 at most");
        expect_problem(PREDEPLOY("{\"Cmd\":[\"a\",1]}"), -EBADMSG,
                       " /predeploy/Cmd: has to be an array of words, such as [\"bin/migrate\"], 256 at most");
        expect_problem(PREDEPLOY("{\"Cmd\":[\"a\"],\"timeout\":\"61min\"}"), -EBADMSG,
                       " /predeploy/timeout: has to be a time span above zero such as \"5min\", an hour at most");
        expect_problem(PREDEPLOY("{\"Cmd\":[\"a\"],\"timeout\":60}"), -EBADMSG,
                       " /predeploy/timeout: has to be a time span above zero such as \"5min\", an hour at most");
        expect_problem(PREDEPLOY("{\"Cmd\":[\"a\"],\"on_rollback\":\"yes\"}"), -EBADMSG,
                       " /predeploy/on_rollback: has to be true or false");
        expect_problem(PREDEPLOY("{\"Cmd\":[\"a\"],\"User\":\"1\"}"), -EBADMSG,
                       " /predeploy/User: is not known: there are Cmd, container, on_rollback and timeout");
        expect_problem(PREDEPLOY("{\"Cmd\":[\"a\"],\"container\":{\"Cmd\":[\"b\"]}}"), -EBADMSG,
                       " /predeploy/container/Cmd: stands beside container here");
        expect_problem("{" IMAGE
                       ",\"stages\":{\"dev\":{\"postdeploy\":{\"Cmd\":[\"a\"],\"container\":{\"Image\":\"x\"}}}}}",
                       -EBADMSG,
                       " /stages/dev/postdeploy/container/Image: may not be set: what is deployed decides it");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                ROOT_TEST(command_of_a_stage_takes_the_place_of_its_projects),
                ROOT_TEST(command_of_a_project_is_taken_away_by_null),
                ROOT_TEST(mistakes_of_a_command_have_their_place),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
