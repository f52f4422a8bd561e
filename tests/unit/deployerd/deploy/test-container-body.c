/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/container-body.h"

#include "shared/json.h"
#include "unit.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const EngineQuirks quirks = { .name = "docker", .restart_policy = "unless-stopped" };

/* `patches` is an array of them, or NULL. */
static json_t *body_with(uint64_t deploy, uint16_t port, const char *patches,
                         char hash[static CONFIG_HASH_SIZE]) {
        _cleanup_(deploy_request_freep) DeployRequest *request = NULL;
        _cleanup_(project_config_done) ProjectConfig project = { .exists = false };
        char address[] = "192.0.2.1";
        DeployerConfig config = { .publish_address = address };
        const char *reason = NULL;
        JsonError error;
        json_t *body = NULL;

        if (patches)
                assert_int_equal(json_decode(patches, strlen(patches), &project.container, &error), 0);
        assert_int_equal(deploy_request_new(
                                         "shop", "dev", "r.example/a:v1",
                                         &(DeployOptions){ .deploy_id = deploy,
                                                           .store = "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11" },
                                         &request, &reason),
                         0);
        assert_int_equal(container_body(&quirks, request, &project, &config,
                                        &(BodyImage){ .digest = DIGEST, .port = port }, NULL, &body, hash),
                         0);
        return body;
}

static void body_has_the_same_hash_in_every_deploy(void **state) {
        static const char patch[] = "[{\"Labels\":{\"a\":\"b\"}}]";
        char hashes[5][CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *first = body_with(7, 8080, NULL, hashes[0]);
        _cleanup_(json_freep) json_t *second = body_with(8, 8080, NULL, hashes[1]);
        _cleanup_(json_freep) json_t *third = body_with(8, 8081, NULL, hashes[2]);
        _cleanup_(json_freep) json_t *fourth = body_with(7, 8080, patch, hashes[3]);
        _cleanup_(json_freep) json_t *fifth = body_with(8, 8080, patch, hashes[4]);

        (void) state;

        assert_string_equal(hashes[0], hashes[1]);
        assert_string_not_equal(hashes[0], hashes[2]);
        assert_non_null(third);
        assert_string_not_equal(hashes[0], hashes[3]);
        assert_string_equal(hashes[3], hashes[4]);
        assert_true(json_equal(json_path(fourth, "HostConfig", "PortBindings", NULL),
                               json_path(fifth, "HostConfig", "PortBindings", NULL)));
        assert_string_equal(json_string_value(json_path(second, "Labels", "org.tinyforge.config", NULL)),
                            hashes[1]);
        assert_string_equal(json_string_value(json_path(second, "Labels", "org.tinyforge.deploy", NULL)),
                            "8");
        assert_string_equal(json_get_string(first, "Image"), "r.example/a@" DIGEST);
}

static void body_without_a_port_publishes_nothing(void **state) {
        char hash[CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *body = body_with(7, 0, NULL, hash);

        (void) state;

        assert_null(json_object_get(body, "ExposedPorts"));
        assert_null(json_path(body, "HostConfig", "PortBindings", NULL));
}

static void port_is_published_where_root_says(void **state) {
        char hash[CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *body = body_with(7, 8080, NULL, hash);
        const json_t *bindings = json_path(body, "HostConfig", "PortBindings", "8080/tcp", NULL);

        (void) state;

        assert_string_equal(json_get_string(json_array_get(bindings, 0), "HostIp"), "192.0.2.1");
        assert_string_equal(json_get_string(json_array_get(bindings, 0), "HostPort"), "");
}

static void project_changes_the_default_and_not_what_is_the_deployers(void **state) {
        char hash[CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *body = body_with(
                        7, 8080,
                        "[{\"Env\":[\"A=b\"],\"Labels\":{\"traefik.enable\":\"true\"},\"HostConfig\":{\"SecurityOpt\":null,"
                        "\"PortBindings\":{\"8080/tcp\":[{\"HostPort\":\"80\"}]}}}]",
                        hash);
        const json_t *host = json_object_get(body, "HostConfig");

        (void) state;

        assert_int_equal(json_array_size(json_object_get(body, "Env")), 1);
        assert_string_equal(json_string_value(json_path(body, "Labels", "traefik.enable", NULL)), "true");
        assert_string_equal(json_string_value(json_path(body, "Labels", "org.tinyforge.project", NULL)),
                            "shop");
        assert_null(json_object_get(host, "SecurityOpt"));
        assert_string_equal(json_string_value(json_path(host, "RestartPolicy", "Name", NULL)),
                            "unless-stopped");
        assert_string_equal(json_string_value(json_path(host, "LogConfig", "Type", NULL)), "journald");
        assert_string_equal(
                        json_get_string(json_array_get(json_path(host, "PortBindings", "8080/tcp", NULL), 0),
                                        "HostPort"),
                        "80");
}

static void stage_puts_something_else_where_its_project_removed(void **state) {
        char hash[CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *body =
                        body_with(7, 8080,
                                  "[{\"HostConfig\":{\"PortBindings\":null}},"
                                  "{\"HostConfig\":{\"PortBindings\":{\"9/udp\":[{}]}}}]",
                                  hash);
        const json_t *bindings = json_path(body, "HostConfig", "PortBindings", NULL);

        (void) state;

        assert_int_equal(json_object_size(bindings), 1);
        assert_non_null(json_object_get(bindings, "9/udp"));
}

static void log_goes_where_the_project_wants_it(void **state) {
        char hash[CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *body =
                        body_with(7, 0, "[{\"HostConfig\":{\"LogConfig\":{\"Type\":\"none\"}}}]", hash);
        const json_t *log = json_path(body, "HostConfig", "LogConfig", NULL);

        (void) state;

        assert_string_equal(json_get_string(log, "Type"), "none");
        assert_null(json_object_get(log, "Config"));
}

static void null_takes_the_default_log_away(void **state) {
        char hashes[4][CONFIG_HASH_SIZE];
        _cleanup_(json_freep) json_t *own = body_with(7, 0, NULL, hashes[0]);
        _cleanup_(json_freep) json_t *none =
                        body_with(7, 0, "[{\"HostConfig\":{\"LogConfig\":null}}]", hashes[1]);
        _cleanup_(json_freep) json_t *again = body_with(
                        8, 0, "[{\"HostConfig\":{\"LogConfig\":{}}},{\"HostConfig\":{\"LogConfig\":null}}]",
                        hashes[2]);
        _cleanup_(json_freep) json_t *local = body_with(
                        7, 0,
                        "[{\"HostConfig\":{\"LogConfig\":null}},{\"HostConfig\":{\"LogConfig\":{\"Type\":\"local\"}}}]",
                        hashes[3]);

        (void) state;

        assert_non_null(json_path(own, "HostConfig", "LogConfig", "Config", "tag", NULL));
        assert_null(json_path(none, "HostConfig", "LogConfig", NULL));
        assert_null(json_path(again, "HostConfig", "LogConfig", NULL));
        assert_string_equal(json_string_value(json_path(local, "HostConfig", "LogConfig", "Type", NULL)),
                            "local");
        /* It is another configuration, so that what runs with our log is replaced. */
        assert_string_not_equal(hashes[0], hashes[1]);
        assert_string_equal(hashes[1], hashes[2]);
}

static void health_check_is_the_images_unless_the_body_has_one(void **state) {
        static const struct {
                const char *patches;
                bool image_has, has;
        } cases[] = {
                { NULL, false, false },
                { NULL, true, true },
                { "[{\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]}}]", false, true },
                { "[{\"Healthcheck\":{\"Test\":[\"NONE\"]}}]", true, false },
                { "[{\"Healthcheck\":{\"Interval\":1000000000}}]", true, true },
                { "[{\"Healthcheck\":{\"Test\":[]}}]", false, false },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char hash[CONFIG_HASH_SIZE];
                _cleanup_(json_freep) json_t *body = body_with(7, 0, cases[i].patches, hash);

                assert_true(container_body_has_healthcheck(body, cases[i].image_has) == cases[i].has);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(body_has_the_same_hash_in_every_deploy),
                cmocka_unit_test(body_without_a_port_publishes_nothing),
                cmocka_unit_test(port_is_published_where_root_says),
                cmocka_unit_test(project_changes_the_default_and_not_what_is_the_deployers),
                cmocka_unit_test(stage_puts_something_else_where_its_project_removed),
                cmocka_unit_test(log_goes_where_the_project_wants_it),
                cmocka_unit_test(null_takes_the_default_log_away),
                cmocka_unit_test(health_check_is_the_images_unless_the_body_has_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
