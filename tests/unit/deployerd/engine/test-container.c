/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/container.h"

#include <stdio.h>

#include "shared/json.h"
#include "unit.h"

/* A container of which one part is as given. */
static Container read_with(const char *state, const char *ports) {
        Container container = { .json = NULL };
        json_t *json = NULL;
        char text[1024];
        JsonError error;

        (void) snprintf(text, sizeof(text),
                        "{\"Id\":\"ab\",\"Name\":\"/shop-dev-7\",\"State\":{\"Status\":\"running\",\"Running\":true%s},"
                        "\"NetworkSettings\":{\"Ports\":%s}}",
                        state, ports);
        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        assert_int_equal(container_read(json, &container), 0);
        return container;
}

static void expect_start(const char *text, uint64_t usec) {
        _cleanup_(container_done) Container container = { .json = NULL };
        char state[128];

        (void) snprintf(state, sizeof(state), ",\"StartedAt\":\"%s\"", text);
        container = read_with(state, "{}");
        assert_int_equal(container.started_at, usec);
}

static void container_start_is_read_with_fraction_and_offset(void **state) {
        (void) state;

        expect_start("2026-11-24T04:13:38.999701829Z", UINT64_C(1795493618999701));
        expect_start("2026-11-24T04:13:38Z", UINT64_C(1795493618000000));
        expect_start("2026-11-24T05:43:38.5+01:30", UINT64_C(1795493618500000));
        expect_start("2026-11-24T00:13:38.000001-04:00", UINT64_C(1795493618000001));
        expect_start("0001-01-01T00:00:00Z", 0);
        expect_start("soon", 0);
        expect_start("", 0);
}

static void container_without_a_health_check_has_none(void **state) {
        static const char *const none[] = { "", ",\"Health\":null",
                                            ",\"Health\":{\"Status\":\"\",\"Log\":null}",
                                            ",\"Health\":{\"Status\":7}" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(none); i++) {
                _cleanup_(container_done) Container container = read_with(none[i], "{}");

                assert_string_equal(container.health, "none");
        }
}

static void expect_endpoint(const char *state, const char *ports, const char *expected) {
        _cleanup_(container_done) Container container = read_with(state, ports);
        char endpoint[ENDPOINT_SIZE];

        container_endpoint(&container, 0, endpoint);
        assert_string_equal(endpoint, expected);
}

static void container_endpoint_is_the_first_published_port_of_tcp(void **state) {
        (void) state;

        expect_endpoint("",
                        "{\"53/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"1\"}],"
                        "\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"32768\"}]}",
                        "127.0.0.1:32768");
        expect_endpoint("", "{\"80/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"32768\"}]}", "[::1]:32768");
        expect_endpoint("", "{\"80/tcp\":null}", "");
        expect_endpoint("", "{\"80/tcp\":[]}", "");
        expect_endpoint("", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"\"}]}", "");
        expect_endpoint("", "null", "");
}

static void container_endpoint_is_that_of_the_port_that_is_asked_for(void **state) {
        static const char ports[] =
                        "{\"10250/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"1\"}],"
                        "\"8080/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"2\"}],"
                        "\"8080/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"3\"}],\"443/tcp\":null}";
        static const struct {
                uint16_t port;
                const char *endpoint;
        } cases[] = { { 8080, "127.0.0.1:3" },
                      { 10250, "127.0.0.1:1" },
                      { 443, "127.0.0.1:1" },
                      { 0, "127.0.0.1:1" } };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_done) Container container = read_with("", ports);
                char endpoint[ENDPOINT_SIZE];

                container_endpoint(&container, cases[i].port, endpoint);
                assert_string_equal(endpoint, cases[i].endpoint);
        }
}

static void container_endpoint_of_another_protocol_says_so(void **state) {
        (void) state;

        expect_endpoint("", "{\"53/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"49153\"}]}",
                        "127.0.0.1:49153/udp");
        expect_endpoint("", "{\"53/sctp\":[{\"HostIp\":\"::1\",\"HostPort\":\"49153\"}]}",
                        "[::1]:49153/sctp");
        expect_endpoint("", "{\"53\":[{\"HostIp\":\"::1\",\"HostPort\":\"49153\"}]}", "");
}

static void container_that_has_ended_has_no_endpoint(void **state) {
        _cleanup_(container_done) Container container = { .json = NULL };
        char endpoint[ENDPOINT_SIZE];

        (void) state;

        container = read_with("", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"32768\"}]}");
        container.running = false;
        container_endpoint(&container, 0, endpoint);
        assert_string_equal(endpoint, "");
}

static void container_without_id_name_or_state_is_refused(void **state) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "7",
                "{\"Id\":\"ab\",\"Name\":\"/x\"}",
                "{\"Id\":\"ab\",\"State\":{\"Status\":\"running\"}}",
                "{\"Name\":\"/x\",\"State\":{\"Status\":\"running\"}}",
                "{\"Id\":\"ab\",\"Name\":\"/\",\"State\":{\"Status\":\"running\"}}",
                "{\"Id\":7,\"Name\":\"/x\",\"State\":{\"Status\":\"running\"}}",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(json_freep) json_t *json = NULL;
                Container container = { .json = NULL };
                JsonError error;

                assert_int_equal(json_decode(texts[i], strlen(texts[i]), &json, &error), 0);
                assert_int_equal(container_read(json, &container), -EBADMSG);
                assert_null(container.json);
        }
}

static void expect_address(const char *more, const char *expected) {
        _cleanup_(container_done) Container container = { .json = NULL };
        char address[CONTAINER_ADDRESS_SIZE] = "", text[512];

        (void) snprintf(text, sizeof(text), "},%s,\"More\":{\"A\":\"b\"", more);
        container = read_with(text, "{}");
        assert_int_equal(container_address(&container, address), expected[0] != '\0');
        assert_string_equal(address, expected);
}

static void container_address_is_the_one_the_host_reaches(void **state) {
        _cleanup_(container_done) Container container = { .json = NULL };
        char address[CONTAINER_ADDRESS_SIZE];

        (void) state;

        expect_address("\"HostConfig\":{\"NetworkMode\":\"host\"}", "127.0.0.1");
        expect_address("\"HostConfig\":{\"NetworkMode\":\"none\"}", "");

        container = read_with(
                        "", "{},\"Networks\":{\"a\":{\"IPAddress\":\"\",\"GlobalIPv6Address\":\"fd00::3\"},"
                            "\"b\":{\"IPAddress\":\"172.18.0.3\"}}");
        assert_true(container_address(&container, address));
        assert_string_equal(address, "172.18.0.3");
        container_done(&container);

        container = read_with(
                        "",
                        "{},\"Networks\":{\"a\":{\"IPAddress\":\"\",\"GlobalIPv6Address\":\"fd00::3\"}}");
        assert_true(container_address(&container, address));
        assert_string_equal(address, "fd00::3");
        container_done(&container);

        container = read_with("", "{},\"IPAddress\":\"172.17.0.3\",\"Networks\":null");
        assert_true(container_address(&container, address));
        assert_string_equal(address, "172.17.0.3");
}

static void container_address_that_is_none_is_not_taken(void **state) {
        static const char *const settings[] = {
                "{},\"IPAddress\":\"localhost\"",
                "{},\"IPAddress\":7",
                "{},\"IPAddress\":\"172.17.0.3/16\"",
                "{},\"Networks\":{\"a\":7,\"b\":{\"IPAddress\":\"evil.example\"}}",
                "{},\"Networks\":[1]",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                _cleanup_(container_done) Container container = read_with("", settings[i]);
                char address[CONTAINER_ADDRESS_SIZE];

                assert_false(container_address(&container, address));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(container_start_is_read_with_fraction_and_offset),
                cmocka_unit_test(container_without_a_health_check_has_none),
                cmocka_unit_test(container_endpoint_is_the_first_published_port_of_tcp),
                cmocka_unit_test(container_endpoint_is_that_of_the_port_that_is_asked_for),
                cmocka_unit_test(container_endpoint_of_another_protocol_says_so),
                cmocka_unit_test(container_that_has_ended_has_no_endpoint),
                cmocka_unit_test(container_address_is_the_one_the_host_reaches),
                cmocka_unit_test(container_address_that_is_none_is_not_taken),
                cmocka_unit_test(container_without_id_name_or_state_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
