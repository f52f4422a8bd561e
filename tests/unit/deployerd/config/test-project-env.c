/* SPDX-License-Identifier: MIT */
#include "deployerd/config/project-env.h"

#include "shared/json.h"
#include "unit.h"

/* With ' for ". NULL is nothing. */
static json_t *json_of(const char *text) {
        char quoted[512];
        json_t *json;
        size_t n = 0;

        if (!text)
                return NULL;

        for (; text[n]; n++)
                quoted[n] = text[n] == '\'' ? '"' : text[n];
        quoted[n] = '\0';
        json = json_loads(quoted, 0, NULL);
        assert_non_null(json);
        return json;
}

static void expect_json(const json_t *found, const char *wanted) {
        _cleanup_(json_freep) json_t *json = json_of(wanted);
        _cleanup_free_ char *text = NULL;

        assert_int_equal(json_encode(found, &text), 0);
        if (!json_equal(found, json))
                fail_msg("%s, not %s", text, wanted);
}

static void variables_are_merged_by_name_over_what_the_patches_say(void **state) {
        static const struct {
                const char *body, *files, *env, *wanted;
        } cases[] = {
                { "{}", NULL, NULL, "{}" },
                { "{'Env':['A=1','A=2']}", NULL, NULL, "{'Env':['A=1','A=2']}" },
                { "{}", NULL, "{}", "{}" },
                { "{'Env':[]}", NULL, "{}", "{'Env':[]}" },
                { "{}", NULL, "{'TZ':'Europe/Berlin'}", "{'Env':['TZ=Europe/Berlin']}" },
                { "{'Env':['A=1','B=2','C']}", NULL, "{'B':'x=y','D':''}",
                  "{'Env':['A=1','B=x=y','C','D=']}" },
                { "{'Env':['A=1','B=2','C']}", NULL, "{'A':null,'C':null,'Z':null}", "{'Env':['B=2']}" },
                { "{'Env':['A=1']}", NULL, "{'A':null}", "{'Env':[]}" },
                { "{'Env':['A=1','B=2']}", "{'B':'file','C':'file'}", "{'C':'env','D':'env'}",
                  "{'Env':['A=1','B=file','C=env','D=env']}" },
                { "{}", "{'A':'file'}", "{'A':null}", "{}" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(project_config_done)
                                ProjectConfig project = { .env = json_of(cases[i].env),
                                                          .env_files = json_of(cases[i].files) };
                _cleanup_(json_freep) json_t *body = json_of(cases[i].body);

                assert_int_equal(project_env_apply(&project, body), 0);
                expect_json(body, cases[i].wanted);
        }
}

static void values_of_files_are_hidden_and_no_others(void **state) {
        _cleanup_(project_config_done)
                        ProjectConfig project = { .env = json_of("{'C':'env'}"),
                                                  .env_files = json_of("{'B':'secret','C':'secret'}") };
        _cleanup_(json_freep) json_t *body = json_of("{'Env':['A=1']}");

        (void) state;

        assert_int_equal(project_env_apply(&project, body), 0);
        assert_int_equal(project_env_hide(&project, body), 0);
        expect_json(body, "{'Env':['A=1','B=(hidden)','C=env']}");
}

static void env_of_a_stage_that_drops_what_its_project_had_is_found(void **state) {
        static const struct {
                const char *container, *wanted;
        } cases[] = {
                { NULL, "[]" },
                { "[{'Env':['A=1']}]", "[]" },
                { "[{'Env':['A=1']},{}]", "[]" },
                { "[{},{'Env':['A=1']}]", "[]" },
                { "[{'Env':['A=1','B=2','C=3']},{'Env':['B=9','D=4']}]", "['A','C']" },
                { "[{'Env':['A=1']},{'Env':null}]", "['A']" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(project_config_done)
                                ProjectConfig project = { .container = json_of(cases[i].container) };
                _cleanup_(json_freep) json_t *dropped = NULL;

                assert_int_equal(project_env_dropped(&project, &dropped), 0);
                expect_json(dropped, cases[i].wanted);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(variables_are_merged_by_name_over_what_the_patches_say),
                cmocka_unit_test(values_of_files_are_hidden_and_no_others),
                cmocka_unit_test(env_of_a_stage_that_drops_what_its_project_had_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
