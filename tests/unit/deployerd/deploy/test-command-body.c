/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/command-body.h"

#include "shared/json.h"
#include "unit.h"

#define STAGE                                                                                                             \
        "{\"Image\":\"r.example/a@sha256:1\",\"Cmd\":[\"server\"],\"Env\":[\"A=1\"],\"User\":\"7\",\"Hostname\":\"www\"," \
        "\"Domainname\":\"example\",\"MacAddress\":\"02:42:ac:11:00:02\",\"ExposedPorts\":{\"80/tcp\":{}},"               \
        "\"Labels\":{\"org.tinyforge.project\":\"shop\",\"traefik.enable\":\"true\"},"                                    \
        "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]},"                                                                     \
        "\"HostConfig\":{\"Binds\":[\"data:/data\"],\"PortBindings\":{\"80/tcp\":[]},\"PublishAllPorts\":true,"           \
        "\"RestartPolicy\":{\"Name\":\"always\",\"MaximumRetryCount\":3},\"Memory\":5},"                                  \
        "\"NetworkingConfig\":{\"EndpointsConfig\":{\"back\":{\"Aliases\":[\"www\"],\"Links\":[\"db\"],"                  \
        "\"IPAMConfig\":{\"IPv4Address\":\"192.0.2.7\"},\"MacAddress\":\"02:42:ac:11:00:03\"},\"none\":null}}}"

static json_t *decode(const char *text) {
        json_t *value = NULL;
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &value, &error), 0);
        return value;
}

/* The body of the command of this file's part, as text. */
static char *body_text(const char *part) {
        _cleanup_(json_freep) json_t *stage = decode(STAGE), *value = decode(part), *body = NULL;
        _cleanup_(project_config_done) ProjectConfig project = { .exists = true };
        const char *key, *expected;

        assert_int_equal(project_command_read(value, &project.predeploy, &key, &expected), 0);
        assert_int_equal(command_body(stage, &project, COMMAND_PREDEPLOY, &body), 0);
        return json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
}

static void body_is_the_stages_without_what_one_container_alone_can_have(void **state) {
        _cleanup_free_ char *text = body_text("{\"Cmd\":[\"bin/migrate\"]}");

        (void) state;

        assert_string_equal(
                        text,
                        "{\"Cmd\":[\"bin/migrate\"],\"Env\":[\"A=1\"],\"Healthcheck\":{\"Test\":[\"NONE\"]},"
                        "\"HostConfig\":{\"Binds\":[\"data:/data\"],\"Memory\":5,\"RestartPolicy\":{\"Name\":\"no\"}},"
                        "\"Image\":\"r.example/a@sha256:1\","
                        "\"Labels\":{\"org.tinyforge.command\":\"predeploy\",\"org.tinyforge.project\":\"shop\"},"
                        "\"NetworkingConfig\":{\"EndpointsConfig\":{\"back\":{\"Links\":[\"db\"]},\"none\":null}},"
                        "\"User\":\"7\"}");
}

static void patch_counts_but_for_what_is_the_deployers(void **state) {
        _cleanup_free_ char *text = body_text(
                        "{\"Cmd\":[\"m\"],\"container\":{\"Entrypoint\":[],\"Env\":null,\"User\":\"0\",\"Image\":\"evil\","
                        "\"Labels\":{\"mine\":\"1\",\"org.tinyforge.project\":\"bakery\"},\"NetworkingConfig\":null,"
                        "\"HostConfig\":{\"Memory\":null,\"RestartPolicy\":{\"Name\":\"always\"}}}}");

        (void) state;

        assert_string_equal(
                        text,
                        "{\"Cmd\":[\"m\"],\"Entrypoint\":[],\"Healthcheck\":{\"Test\":[\"NONE\"]},"
                        "\"HostConfig\":{\"Binds\":[\"data:/data\"],\"RestartPolicy\":{\"Name\":\"no\"}},"
                        "\"Image\":\"r.example/a@sha256:1\","
                        "\"Labels\":{\"mine\":\"1\",\"org.tinyforge.command\":\"predeploy\","
                        "\"org.tinyforge.project\":\"shop\"},\"User\":\"0\"}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(body_is_the_stages_without_what_one_container_alone_can_have),
                cmocka_unit_test(patch_counts_but_for_what_is_the_deployers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
