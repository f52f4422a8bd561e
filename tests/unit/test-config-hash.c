/* SPDX-License-Identifier: MIT */
#include "deployerd/config-hash.h"

#include "deployerd/container-body.h"
#include "shared/json.h"
#include "unit.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void hash_of(const char *text, const char *repository, char ret[static CONFIG_HASH_SIZE]) {
        _cleanup_(json_freep) json_t *json = NULL;
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        assert_int_equal(config_hash(json, repository, ret), 0);
}

static void hash_is_sha256_of_the_sorted_text(void **state) {
        char hash[CONFIG_HASH_SIZE];

        (void) state;

        hash_of("{\"b\":[1,2],\"a\":{}}", "r.example/a", hash);
        /* printf 'r.example/a\n{"a":{},"b":[1,2]}' | sha256sum */
        assert_string_equal(hash, "0ee2189557894af89409a9b306e8c8bc3c2a1f18a4cf3b06a718d6c5f4d7d2f3");
}

static void hash_depends_on_content_and_not_on_order(void **state) {
        char first[CONFIG_HASH_SIZE], second[CONFIG_HASH_SIZE];

        (void) state;

        hash_of("{\"a\":1,\"b\":{\"x\":1,\"y\":2}}", "r", first);
        hash_of("{\"b\":{\"y\":2,\"x\":1},\"a\":1}", "r", second);
        assert_string_equal(first, second);
        hash_of("{\"a\":1,\"b\":{\"x\":1,\"y\":3}}", "r", second);
        assert_string_not_equal(first, second);
        hash_of("{\"a\":1,\"b\":{\"x\":1,\"y\":2}}", "s", second);
        assert_string_not_equal(first, second);
}

static void body_of(uint64_t deploy, uint16_t port, json_t **ret, char hash[static CONFIG_HASH_SIZE]) {
        static const EngineQuirks quirks = { .name = "docker", .restart_policy = "unless-stopped" };
        _cleanup_(deploy_request_freep) DeployRequest *request = NULL;
        const char *reason = NULL;

        assert_int_equal(deploy_request_new(
                                         "shop", "dev", "r.example/a:v1",
                                         &(DeployOptions){ .deploy_id = deploy,
                                                           .store = "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11" },
                                         &request, &reason),
                         0);
        assert_int_equal(container_body(&quirks, request, DIGEST, port, ret, hash), 0);
}

static void body_has_the_same_hash_in_every_deploy(void **state) {
        _cleanup_(json_freep) json_t *first = NULL, *second = NULL, *third = NULL;
        char hashes[3][CONFIG_HASH_SIZE];

        (void) state;

        body_of(7, 8080, &first, hashes[0]);
        body_of(8, 8080, &second, hashes[1]);
        body_of(8, 8081, &third, hashes[2]);
        assert_string_equal(hashes[0], hashes[1]);
        assert_string_not_equal(hashes[0], hashes[2]);
        assert_string_equal(json_string_value(json_path(second, "Labels", "org.tinyforge.config", NULL)),
                            hashes[1]);
        assert_string_equal(json_string_value(json_path(second, "Labels", "org.tinyforge.deploy", NULL)),
                            "8");
        assert_string_equal(json_get_string(first, "Image"), "r.example/a@" DIGEST);
}

static void body_without_a_port_publishes_nothing(void **state) {
        _cleanup_(json_freep) json_t *body = NULL;
        char hash[CONFIG_HASH_SIZE];

        (void) state;

        body_of(7, 0, &body, hash);
        assert_null(json_object_get(body, "ExposedPorts"));
        assert_null(json_path(body, "HostConfig", "PortBindings", NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hash_is_sha256_of_the_sorted_text),
                cmocka_unit_test(hash_depends_on_content_and_not_on_order),
                cmocka_unit_test(body_has_the_same_hash_in_every_deploy),
                cmocka_unit_test(body_without_a_port_publishes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
