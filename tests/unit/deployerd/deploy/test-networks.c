/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/networks.h"

#include "shared/json.h"
#include "unit.h"

#define TWO \
        "\"NetworkingConfig\":{\"EndpointsConfig\":{\"a\":{\"Aliases\":[\"x\"],\"MacAddress\":\"m\"},\"b\":{}}}"

static json_t *decode(const char *text) {
        json_t *json = NULL;
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        return json;
}

static void expect_body(const char *text, bool one, bool nameless, const char *expected) {
        _cleanup_(json_freep) json_t *body = decode(text), *before = decode(text), *want = decode(expected),
                                     *found = NULL;

        assert_int_equal(networks_create_body(body, one, nameless, &found), 0);
        if (!json_equal(found, want))
                fail_msg("%s becomes %s", text, json_dumps(found, JSON_SORT_KEYS));
        /* What the container is to be in the end is not touched. */
        assert_true(json_equal(body, before));
}

static void body_without_networks_stays_as_it_is(void **state) {
        (void) state;

        expect_body("{}", true, true, "{}");
        expect_body("{\"NetworkingConfig\":{}}", true, true, "{\"NetworkingConfig\":{}}");
        expect_body("{\"NetworkingConfig\":{\"EndpointsConfig\":{}}}", true, true,
                    "{\"NetworkingConfig\":{\"EndpointsConfig\":{}}}");
}

static void aliases_wait_and_nothing_else_does(void **state) {
        (void) state;

        expect_body("{" TWO "}", false, false, "{" TWO "}");
        expect_body("{" TWO "}", false, true,
                    "{\"NetworkingConfig\":{\"EndpointsConfig\":{\"a\":{\"MacAddress\":\"m\"},\"b\":{}}}}");
}

static void one_network_is_that_of_the_mode_else_the_first(void **state) {
        (void) state;

        expect_body("{" TWO "}", true, true,
                    "{\"MacAddress\":\"m\",\"NetworkingConfig\":{\"EndpointsConfig\":{\"a\":{\"MacAddress\":\"m\"}}}}");
        expect_body("{\"HostConfig\":{\"NetworkMode\":\"b\"}," TWO "}", true, false,
                    "{\"HostConfig\":{\"NetworkMode\":\"b\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"b\":{}}}}");
        expect_body("{\"HostConfig\":{\"NetworkMode\":\"bridge\"}," TWO "}", true, true,
                    "{\"MacAddress\":\"m\",\"HostConfig\":{\"NetworkMode\":\"bridge\"},"
                    "\"NetworkingConfig\":{\"EndpointsConfig\":{\"a\":{\"MacAddress\":\"m\"}}}}");
}

static void address_of_the_container_is_kept(void **state) {
        (void) state;

        expect_body("{\"MacAddress\":\"own\"," TWO "}", true, false,
                    "{\"MacAddress\":\"own\",\"NetworkingConfig\":{\"EndpointsConfig\":"
                    "{\"a\":{\"Aliases\":[\"x\"],\"MacAddress\":\"m\"}}}}");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(body_without_networks_stays_as_it_is),
                cmocka_unit_test(aliases_wait_and_nothing_else_does),
                cmocka_unit_test(one_network_is_that_of_the_mode_else_the_first),
                cmocka_unit_test(address_of_the_container_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
