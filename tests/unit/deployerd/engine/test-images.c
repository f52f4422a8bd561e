/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/images.h"

#include "shared/json.h"
#include "unit.h"

#define FIRST  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SECOND "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

static EngineImage read_as(const char *text, const char *libpod_text, const char *reference) {
        _cleanup_(json_freep) json_t *json = NULL, *libpod = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        EngineImage image = { .port = 0 };
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        if (libpod_text)
                assert_int_equal(json_decode(libpod_text, strlen(libpod_text), &libpod, &error), 0);
        assert_int_equal(image_ref_parse(reference, &ref, NULL), 0);
        assert_int_equal(engine_image_read(json, libpod, ref, &image), 0);
        return image;
}

static void image_port_is_the_lowest_of_tcp(void **state) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };

        (void) state;

        image = read_as("{\"Config\":{\"ExposedPorts\":{\"9090/tcp\":{},\"53/udp\":{},\"8081\":{},\"0/tcp\":{},"
                        "\"70000/tcp\":{},\"80x/tcp\":{},\"/tcp\":{},\"00008080/tcp\":{}}}}",
                        NULL, "a");
        assert_int_equal(image.port, 8081);
        assert_int_equal(image.n_ports, 2);
}

static void image_health_check_is_found_wherever_it_is_told(void **state) {
        static const struct {
                const char *json, *libpod;
                bool has;
        } cases[] = {
                { "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\",\"/check\"]}}}", NULL, true },
                { "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"check\"]}}}", NULL, true },
                { "{\"Config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}}}", NULL, false },
                { "{\"Config\":{\"Healthcheck\":{\"Test\":[]}}}", NULL, false },
                { "{\"Config\":{}}", "{}", false },
                { "{\"Config\":{}}", "{\"Healthcheck\":{\"Test\":[\"CMD\",\"/check\"]}}", true },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(engine_image_done) EngineImage image =
                                read_as(cases[i].json, cases[i].libpod, "a");

                assert_int_equal(image.has_healthcheck, cases[i].has);
        }
}

static void expect_digest(const char *reference, const char *expected) {
        static const char json[] = "{\"RepoDigests\":[\"mirror.example/library/nginx@" SECOND "\",7,\"@\","
                                   "\"nginx@" FIRST "\",\"docker.io/library/nginx@" SECOND "\"]}";
        _cleanup_(engine_image_done) EngineImage image = read_as(json, NULL, reference);

        if (expected)
                assert_string_equal(image.digest, expected);
        else
                assert_null(image.digest);
}

static void image_digest_is_the_one_of_its_repository(void **state) {
        (void) state;

        expect_digest("nginx:latest", FIRST);
        expect_digest("docker.io/library/nginx@" SECOND, SECOND);
        expect_digest("mirror.example/library/nginx:v1", SECOND);
        expect_digest("mirror.example/library/nginx@" FIRST, NULL);
        expect_digest("other.example/library/nginx", NULL);
}

static void image_labels_are_bounded_strings(void **state) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 }, large = { .port = 0 };
        _cleanup_free_ char *text = NULL;
        char *p;

        (void) state;

        image = read_as("{\"Config\":{\"Labels\":{\"a\":\"b\",\"c\":7,\"d\":null}}}", NULL, "a");
        assert_int_equal(json_object_size(image.labels), 1);
        assert_string_equal(json_get_string(image.labels, "a"), "b");

        text = malloc(2 * IMAGE_LABELS_BYTES_MAX);
        assert_non_null(text);
        p = stpcpy(text, "{\"Config\":{\"Labels\":{\"a\":\"b\",\"c\":\"");
        memset(p, 'x', IMAGE_LABELS_BYTES_MAX);
        (void) strcpy(p + IMAGE_LABELS_BYTES_MAX, "\"}}}");
        large = read_as(text, NULL, "a");
        assert_int_equal(json_object_size(large.labels), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(image_port_is_the_lowest_of_tcp),
                cmocka_unit_test(image_health_check_is_found_wherever_it_is_told),
                cmocka_unit_test(image_digest_is_the_one_of_its_repository),
                cmocka_unit_test(image_labels_are_bounded_strings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
