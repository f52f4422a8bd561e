/* SPDX-License-Identifier: MIT */
/* What a project's file says: stages on top of their project, and the mistakes, each with its place. */
#include "project-config-fixture.h"

static void stage_is_put_on_top_of_its_project(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(
                        load_text("{" IMAGE
                                  ",\"stages\":{\"prod\":{\"container\":{\"User\":\"2\"},\"healthcheck\":\"tcp\","
                                  "\"shareable\":[\"c\"]},\"dev\":{\"container\":{\"User\":\"3\"},\"healthcheck\":\"none\","
                                  "\"shareable\":[\"d\"]}},\"container\":{\"User\":\"1\"},\"healthcheck\":\"http:/h\","
                                  "\"shareable\":[\"a\",\"/b\"]}",
                                  &config, problem),
                        0);
        assert_true(config.exists);
        assert_true(project_config_exists(directory, "shop"));
        assert_int_equal(json_array_size(config.container), 2);
        assert_string_equal(json_get_string(json_array_get(config.container, 0), "User"), "1");
        assert_string_equal(json_get_string(json_array_get(config.container, 1), "User"), "2");
        assert_string_equal(config.health.check, "tcp");
        assert_string_equal(config.shareable[0], "a");
        assert_string_equal(config.shareable[1], "/b");
        assert_string_equal(config.shareable[2], "c");
        assert_null(config.shareable[3]);
}

static void limits_of_a_stage_go_on_top_key_by_key(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(
                        load_text("{" IMAGE
                                  ",\"stages\":{\"prod\":{\"limits\":{\"stop\":\"20\"},\"replace\":\"overlap\","
                                  "\"pull\":\"always\"},\"dev\":{\"limits\":{\"drain\":\"1s\"}}},"
                                  "\"limits\":{\"stop\":\"1min 30s\",\"health\":\"10min\"},\"replace\":\"recreate\","
                                  "\"pull\":\"never\"}",
                                  &config, problem),
                        0);
        assert_int_equal(config.limits.set, 1U << PROJECT_LIMIT_STOP | 1U << PROJECT_LIMIT_HEALTH);
        assert_int_equal(config.limits.usec[PROJECT_LIMIT_STOP], 20 * USEC_PER_SEC);
        assert_int_equal(config.limits.usec[PROJECT_LIMIT_HEALTH], 600 * USEC_PER_SEC);
        assert_int_equal(config.replace, PROJECT_REPLACE_OVERLAP);
        assert_int_equal(config.pull, PROJECT_PULL_ALWAYS);
}

static void variables_of_a_stage_go_on_top_one_by_one(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        write_beside("shop.env", "A=1\nB=2\n", 0640);
        write_beside("prod.env", "B=3\n", 0640);
        write_beside("dev.env", "C=4\n", 0640);
        assert_int_equal(
                        load_text("{" IMAGE
                                  ",\"stages\":{\"prod\":{\"env\":{\"X\":null,\"Y\":\"2\"},\"env_files\":[\"prod.env\"]},"
                                  "\"dev\":{\"env\":{\"Z\":\"1\"},\"env_files\":[\"dev.env\"]}},"
                                  "\"env\":{\"X\":\"1\",\"Y\":\"1\"},\"env_files\":[\"shop.env\"]}",
                                  &config, problem),
                        0);
        assert_true(json_is_null(json_object_get(config.env, "X")));
        assert_string_equal(json_get_string(config.env, "Y"), "2");
        assert_int_equal(json_object_size(config.env), 2);
        assert_string_equal(json_get_string(config.env_files, "A"), "1");
        assert_string_equal(json_get_string(config.env_files, "B"), "3");
        assert_int_equal(json_object_size(config.env_files), 2);
}

static void file_of_another_image_is_not_permitted(void **state) {
        (void) state;

        expect_problem("{\"image\":\"registry.example/bakery\"}", -EPERM,
                       " /image: is registry.example/bakery, and what is to be deployed is registry.example/shop");
        expect_problem("{\"image\":\"shop\"}", -EPERM,
                       " /image: is docker.io/library/shop, and what is to be deployed is registry.example/shop");
}

static void image_is_a_bare_repository(void **state) {
        (void) state;

        expect_problem("{}", -EBADMSG, " /image: has to be there, and a string");
        expect_problem("{\"image\":1}", -EBADMSG, " /image: has to be there, and a string");
        expect_problem("{\"image\":\"registry.example/shop:v1\"}", -EBADMSG,
                       " /image: has a tag or a digest; the repository alone counts");
}

static void mistakes_of_syntax_have_a_position(void **state) {
        ProjectConfig config;
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(load_text("{\n  \"image\": \"a\",\n  }", &config, problem), -EBADMSG);
        assert_non_null(strstr(problem, "/shop.json:3:3: "));
        assert_int_equal(load_text("{\"image\":\"a\",\n\"image\":\"b\"}", &config, problem), -EBADMSG);
        assert_non_null(strstr(problem, "/shop.json:2:"));
        assert_non_null(strstr(problem, "duplicate"));
        assert_int_equal(load_text("", &config, problem), -EBADMSG);
        assert_int_equal(load_text("[]", &config, problem), -EBADMSG);
        assert_int_equal(load_text("{" IMAGE "} x", &config, problem), -EBADMSG);
}

/* Whoever may list the deploys reads the reason. */
static void mistakes_do_not_show_what_is_there(void **state) {
        static const char *const texts[] = {
                "{" IMAGE ",\"env\":{\"PASSWORD\" \"hunter2\"}}",
                "{" IMAGE ",\"env\":{\"PASSWORD\":hunter2}}",
                "{" IMAGE ",\"env\":{\"PASSWORD\":\"hunter2\n\"}}",
                "{" IMAGE ",\"env\":{\"hunter2\":1,\"hunter2\":1}}",
                "{" IMAGE ",\"env\":{\"hunter2=1\":\"x\"}}",
                "{" IMAGE ",\"env\":{\"hunter2 !\":\"x\"}}",
                "{" IMAGE ",\"env\":{\"PASSWORD\":[\"hunter2\"]}}",
                "{" IMAGE ",\"env\":[\"PASSWORD=hunter2\"]}",
                "{" IMAGE ",\"PASSWORD=hunter2\":\"\"}",
                "{" IMAGE ",\"container\":{\"Env\":{\"PASSWORD\":\"hunter2\"}}}",
                "{" IMAGE ",\"container\":{\"PASSWORD=hunter2\":\"\"}}",
                "{" IMAGE ",\"env_files\":[\"bad.env\"]}",
        };
        ProjectConfig config;
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        write_beside("bad.env", "hunter2 is no assignment\n", 0640);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                assert_int_equal(load_text(texts[i], &config, problem), -EBADMSG);
                if (strstr(problem, "hunter2"))
                        fail_msg("%s", problem);
        }
}

static void mistakes_of_meaning_have_a_pointer(void **state) {
        static const struct {
                const char *text, *problem;
        } cases[] = {
                { "\"containers\":{}",
                  " /containers: is not known: there are image, stages, unchecked, container, env, env_files, healthcheck, kind, limits, "
                  "postdeploy, predeploy, pull, replace, shareable, volumes and watch" },
                { "\"Env\":[]", " /Env: \"Env\" belongs in /container" },
                { "\"stages\":{\"dev\":{\"binds\":[]}}",
                  " /stages/dev/binds: \"Binds\" belongs in /stages/dev/container/HostConfig" },
                { "\"unchecked\":{}", " /unchecked: has to be an array of at most 64 keys" },
                { "\"unchecked\":[\"A\",1]",
                  " /unchecked/1: has to be a key such as \"HostConfig.NewThing\"" },
                { "\"stages\":{\"dev\":{\"unchecked\":[]}}",
                  " /stages/dev/unchecked: is not known for a stage: there are container, env, env_files, healthcheck, kind, limits, "
                  "postdeploy, predeploy, pull, replace, shareable, volumes and watch" },
                { "\"container\":{\"HostConfig\":{\"Annotations\":{}}}",
                  " /container/HostConfig/Annotations: takes version 1.44 of the engine's API, and version 1.41 is spoken here" },
                { "\"container\":[]", " /container: is an array, and has to be an object" },
                { "\"healthcheck\":\"curl x\"",
                  " /healthcheck: has to be \"image\", \"tcp\", \"http:/path\", \"none\" or empty, or an object" },
                { "\"healthcheck\":null",
                  " /healthcheck: has to be \"image\", \"tcp\", \"http:/path\", \"none\" or empty, or an object" },
                { "\"stages\":{\"dev\":{\"healthcheck\":{\"type\":\"http\",\"port\":0}}}",
                  " /stages/dev/healthcheck/port: has to be a number from 1 to 65535" },
                { "\"limits\":[]", " /limits: has to be an object of time spans" },
                { "\"limits\":{\"health\":90}", " /limits/health: has to be a string, such as \"5min\"" },
                { "\"stages\":{\"dev\":{\"limits\":{\"drain\":\"1h\"}}}",
                  " /stages/dev/limits/drain: has to be a time span, 5min at most" },
                { "\"limits\":{\"grace\":\"1s\"}",
                  " /limits/grace: is no limit: there are health, stable, stop, drain, pull and run" },
                { "\"replace\":\"restart\"",
                  " /replace: has to be \"recreate\", \"overlap\" or \"as-needed\"" },
                { "\"pull\":true", " /pull: has to be \"always\", \"missing\" or \"never\"" },
                { "\"env\":[\"A=1\"]", " /env: has to be an object of at most 1024 variables" },
                { "\"env\":{\"A\":1}", " /env/A: has to be a string, or null to take it away" },
                { "\"env\":{\"X\":\"1\",\"A=B\":\"1\"}",
                  " /env: what variable 2 is called is no name of one" },
                { "\"env\":{\"\":\"1\"}", " /env: what variable 1 is called is no name of one" },
                { "\"container\":{\"A=hunter2\":\"\"}",
                  " /container/A=: is no key: the engine's are plain ASCII, without =" },
                { "\"container\":{\"Labels\":{\"A=hunter2\":1}}",
                  " /container/Labels/A=: is an integer, and has to be a string" },
                { "\"volumes\":{\"cache\":\"discard\"}",
                  " /volumes/cache: has to be an absolute path without //, . and .." },
                { "\"volumes\":{\"/cache/\":\"discard\",\"/.cache/..x/...\":\"discard\",\"//cache\":\"discard\"}",
                  " /volumes/~1~1cache: has to be an absolute path without //, . and .." },
                { "\"volumes\":{\"/data/../cache\":\"discard\"}",
                  " /volumes/~1data~1..~1cache: has to be an absolute path without //, . and .." },
                { "\"volumes\":{\"/cache/.\":\"discard\"}",
                  " /volumes/~1cache~1.: has to be an absolute path without //, . and .." },
                { "\"volumes\":{\"/cache//\":\"discard\"}",
                  " /volumes/~1cache~1~1: has to be an absolute path without //, . and .." },
                { "\"volumes\":{\"/\":\"discard\"}",
                  " /volumes/~1: has to be an absolute path without //, . and .." },
                { "\"env_files\":\"a\"", " /env_files: has to be an array of at most 16 files" },
                { "\"env_files\":[\"../x\"]",
                  " /env_files/0: has to be the name of a file beside this one, such as \"shop.env\"" },
                { "\"env_files\":[\".env\"]",
                  " /env_files/0: has to be the name of a file beside this one, such as \"shop.env\"" },
                { "\"shareable\":[\"a\",1]",
                  " /shareable/1: has to be the name of a volume or a path of the host" },
                { "\"stages\":[]", " /stages: has to be an object of at most 256 stages" },
                { "\"stages\":{\"A/b~\":{}}", " /stages/A~1b~0: is no name of a stage" },
                { "\"stages\":{\"dev\":1}", " /stages/dev: has to be an object" },
                { "\"stages\":{\"dev\":{\"image\":\"x\"}}",
                  " /stages/dev/image: is not known for a stage: there are container, env, env_files, healthcheck, kind, limits, "
                  "postdeploy, predeploy, pull, replace, shareable, volumes and watch" },
                { "\"stages\":{\"dev\":{\"container\":{\"Env\":{}}}}",
                  " /stages/dev/container/Env: is an object, and has to be an array of strings" },
                { "\"container\":{\"HostConfig\":{\"Memory\":\"1g\"}}",
                  " /container/HostConfig/Memory: is a string, and has to be an integer" },
                { "\"container\":{\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":80}]}}}",
                  " /container/HostConfig/PortBindings/80~1tcp/0/HostPort: is an integer, and has to be a string" },
                { "\"container\":{\"HostConfig\":{\"Mounts\":[{},{\"ReadOnly\":\"yes\"}]}}",
                  " /container/HostConfig/Mounts/1/ReadOnly: is a string, and has to be a boolean" },
                { "\"container\":{\"HostConfig\":\"x\"}",
                  " /container/HostConfig: is a string, and has to be an object" },
                { "\"container\":{\"Labels\":[]}",
                  " /container/Labels: is an array, and has to be an object" },
                { "\"container\":{\"Labels\":{\"a\":1}}",
                  " /container/Labels/a: is an integer, and has to be a string" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[512];

                (void) snprintf(text, sizeof(text), "{" IMAGE ",%s}", cases[i].text);
                expect_problem(text, -EBADMSG, cases[i].problem);
        }
}

static void patch_may_not_take_what_is_the_deployers(void **state) {
        static const char *const patches[] = {
                "{\"Image\":\"x\"}",
                "{\"Image\":null}",
                "{\"Labels\":null}",
                "{\"HostConfig\":null}",
                "{\"Labels\":{\"org.tinyforge.store\":\"x\"}}",
                "{\"Labels\":{\"org.tinyforge.deploy\":null}}",
                "{\"HostConfig\":{\"AutoRemove\":true}}",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(patches); i++) {
                ProjectConfig config;
                char problem[PROJECT_PROBLEM_SIZE], text[256];

                (void) snprintf(text, sizeof(text), "{" IMAGE ",\"container\":%s}", patches[i]);
                assert_int_equal(load_text(text, &config, problem), -EBADMSG);
                assert_non_null(strstr(problem, ": /container/"));
                assert_non_null(strstr(problem, " may not be "));
        }
}

static void keys_in_another_case_are_refused(void **state) {
        static const char *const patches[] = {
                "{\"image\":\"x\"}",
                "{\"hostconfig\":{\"AutoRemove\":true}}",
                "{\"Hostconfig\":{}}",
                "{\"labels\":{}}",
                "{\"HostConfig\":{\"autoremove\":true}}",
                "{\"HostConfig\":{\"binds\":[]}}",
                "{\"HostConfig\":{\"Mounts\":[{\"readonly\":true}]}}",
                "{\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"hostPort\":\"80\"}]}}}",
                "{\"networkingConfig\":{}}",
                "{\"NetworkingConfig\":{\"EndpointsConfig\":{\"n\":{\"IPAMConfig\":{\"IPV4Address\":\"192.0.2.1\"}}}}}",
                /* Go folds U+017F into "s" and U+212A into "k". */
                "{\"Label\\u017f\":{}}",
                "{\"Ho\\u017ftConfig\":{}}",
                "{\"Networ\\u212aingConfig\":{}}",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(patches); i++) {
                ProjectConfig config;
                char problem[PROJECT_PROBLEM_SIZE], text[256];

                (void) snprintf(text, sizeof(text), "{" IMAGE ",\"container\":%s}", patches[i]);
                assert_int_equal(load_text(text, &config, problem), -EBADMSG);
                assert_true(strstr(problem, "only by its case") || strstr(problem, "plain ASCII"));
        }
}

static void keys_that_nobody_here_knows_are_the_engines_where_root_says_so(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(load_text("{" IMAGE
                                   ",\"container\":{\"Future\":1,\"HostConfig\":{\"Later\":{\"x\":[]}}},"
                                   "\"stages\":{\"prod\":{\"container\":{\"Future\":2}}},"
                                   "\"unchecked\":[\"Future\",\"HostConfig.Later\"]}",
                                   &config, problem),
                         0);
        assert_int_equal(json_array_size(config.container), 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                ROOT_TEST(stage_is_put_on_top_of_its_project),
                ROOT_TEST(limits_of_a_stage_go_on_top_key_by_key),
                ROOT_TEST(variables_of_a_stage_go_on_top_one_by_one),
                ROOT_TEST(file_of_another_image_is_not_permitted),
                ROOT_TEST(image_is_a_bare_repository),
                ROOT_TEST(mistakes_of_syntax_have_a_position),
                ROOT_TEST(mistakes_do_not_show_what_is_there),
                ROOT_TEST(mistakes_of_meaning_have_a_pointer),
                ROOT_TEST(patch_may_not_take_what_is_the_deployers),
                ROOT_TEST(keys_in_another_case_are_refused),
                ROOT_TEST(keys_that_nobody_here_knows_are_the_engines_where_root_says_so),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
