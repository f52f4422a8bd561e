/* SPDX-License-Identifier: MIT */
/* The login for a registry, out of a config.json. */
#include "deployerd/engine/registry-auth.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "shared/json.h"
#include "unit.h"

/* What the engine would read of the header for `image`; NULL: there is none. */
static json_t *header_of(const char *text, const char *image) {
        _cleanup_(registry_auth_erasep) char *header = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(json_freep) json_t *config = NULL;
        unsigned char decoded[4096];
        const char *problem = NULL;
        json_t *json = NULL;
        JsonError error;
        size_t length;
        int n;

        assert_int_equal(image_ref_parse(image, &ref, NULL), 0);
        assert_int_equal(json_decode(text, strlen(text), &config, &error), 0);
        assert_int_equal(registry_auth_from_json(config, ref, &header, &problem), 0);
        if (!header)
                return NULL;

        length = strlen(header);
        assert_null(strpbrk(header, "+/"));
        for (char *p = header; *p; p++)
                *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
        n = EVP_DecodeBlock(decoded, (const unsigned char *) header, (int) length);
        assert_true(n > 0);
        while (n > 0 && decoded[n - 1] == '\0')
                n--;
        assert_int_equal(json_decode((const char *) decoded, (size_t) n, &json, &error), 0);
        return json;
}

static void assert_login(const char *text, const char *image, const char *user, const char *password,
                         const char *server) {
        _cleanup_(json_freep) json_t *json = header_of(text, image);

        assert_non_null(json);
        assert_string_equal(json_get_string(json, "username"), user);
        assert_string_equal(json_get_string(json, "password"), password);
        assert_string_equal(json_get_string(json, "serveraddress"), server);
}

static const char *problem_of(const char *text, const char *image) {
        _cleanup_(registry_auth_erasep) char *header = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(json_freep) json_t *config = NULL;
        const char *problem = NULL;
        JsonError error;

        assert_int_equal(image_ref_parse(image, &ref, NULL), 0);
        assert_int_equal(json_decode(text, strlen(text), &config, &error), 0);
        assert_int_equal(registry_auth_from_json(config, ref, &header, &problem), -EBADMSG);
        assert_null(header);
        return problem;
}

/* baker:rye and kneading>>>??? with what base64url spells differently */
#define BAKER "YmFrZXI6cnll"

static void login_is_found_by_the_registry(void **state) {
        static const char config[] = "{\"auths\":{\"https://r.example:5000/v2/\":{\"auth\":\"" BAKER "\"},"
                                     "\"other.example\":{\"username\":\"miller\",\"password\":\"a:b\"}}}";

        (void) state;
        assert_login(config, "r.example:5000/team/app:v1", "baker", "rye", "r.example:5000");
        assert_login(config, "other.example/app", "miller", "a:b", "other.example");
        assert_null(header_of(config, "r.example/app"));
        assert_null(header_of(config, "r.example:50001/app"));
        assert_null(header_of("{}", "r.example/app"));
}

static void docker_hub_has_names_of_its_own(void **state) {
        (void) state;
        assert_login("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"" BAKER "\"}}}", "acme/app",
                     "baker", "rye", "https://index.docker.io/v1/");
        assert_login("{\"auths\":{\"docker.io\":{\"auth\":\"" BAKER "\"}}}", "acme/app", "baker", "rye",
                     "https://index.docker.io/v1/");
}

static void closer_path_wins(void **state) {
        static const char config[] = "{\"auths\":{\"r.example\":{\"auth\":\"" BAKER "\"},"
                                     "\"r.example/team\":{\"username\":\"miller\",\"password\":\"oats\"}}}";

        (void) state;
        assert_login(config, "r.example/team/app", "miller", "oats", "r.example");
        assert_login(config, "r.example/teams/app", "baker", "rye", "r.example");
}

static void identity_token_goes_alone(void **state) {
        _cleanup_(json_freep) json_t *json = header_of("{\"auths\":{\"r.example\":{\"auth\":\"" BAKER
                                                       "\",\"identitytoken\":\"t?>~\"}}}",
                                                       "r.example/app");

        (void) state;
        assert_non_null(json);
        assert_string_equal(json_get_string(json, "identitytoken"), "t?>~");
        assert_null(json_get_string(json, "password"));
}

static void helpers_are_refused_by_their_key(void **state) {
        (void) state;
        assert_non_null(strstr(problem_of("{\"credHelpers\":{\"r.example\":\"pass\"}}", "r.example/app"),
                               "/credHelpers"));
        assert_non_null(strstr(problem_of("{\"auths\":{\"r.example\":{}},\"credsStore\":\"pass\"}",
                                          "r.example/app"),
                               "/credsStore"));
        /* Those of other registries are nobody's business here. */
        assert_null(header_of("{\"credHelpers\":{\"r.example\":\"pass\"},\"credsStore\":\"x\"}",
                              "s.example/app"));
}

/* As very old versions of Docker kept it. */
static void login_outside_of_auths_is_told(void **state) {
        (void) state;
        assert_non_null(strstr(problem_of("{\"r.example\":{\"auth\":\"" BAKER "\"}}", "r.example/app"),
                               "/auths"));
        assert_null(header_of("{\"r.example\":{\"auth\":\"" BAKER "\"}}", "s.example/app"));
        assert_null(header_of("{\"auths\":{},\"r.example\":{\"auth\":\"" BAKER "\"}}", "r.example/app"));
}

/* Half a login is not the same as none: without it the registry would be asked as anybody, and say something else. */
static void half_a_login_is_refused(void **state) {
        static const char *const entries[] = {
                "{\"username\":\"baker\"}",
                "{\"password\":\"rye\"}",
                "{\"username\":\"\",\"password\":\"rye\"}",
                "{\"username\":\"baker\",\"password\":7}",
                "{\"auth\":7}",
                "{\"auth\":null}",
                "{\"identitytoken\":[]}",
                "{\"registrytoken\":\"t\"}",
                "{\"username\":\"baker\",\"password\":\"\"}",
                "{\"auth\":\"YmFrZXI6\"}",
                "{\"auth\":\"OnJ5ZQ==\"}",
                "\"" BAKER "\"",
                "null",
        };
        char text[128];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(entries); i++) {
                (void) snprintf(text, sizeof(text), "{\"auths\":{\"r.example\":%s}}", entries[i]);
                assert_non_null(strstr(problem_of(text, "r.example/app"), "no usable login"));
                assert_null(header_of(text, "s.example/app"));
        }
        assert_null(header_of("{\"auths\":{\"r.example\":{\"auth\":\"\",\"email\":\"b@r.example\"}}}",
                              "r.example/app"));
}

static void broken_logins_are_refused(void **state) {
        static const char *const logins[] = { "YQ==",          "no base64",       "YmFr", "=", "====",
                                              "YmFrZXI6cnll=", "YmFrZXI6cnllAHg=" };
        char text[128];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(logins); i++) {
                (void) snprintf(text, sizeof(text), "{\"auths\":{\"r.example\":{\"auth\":\"%s\"}}}",
                                logins[i]);
                assert_non_null(strstr(problem_of(text, "r.example/app"), "/auths"));
        }
        assert_non_null(problem_of("[]", "r.example/app"));
        assert_non_null(strstr(problem_of("{\"auths\":[]}", "r.example/app"), "/auths"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(login_is_found_by_the_registry),
                cmocka_unit_test(docker_hub_has_names_of_its_own),
                cmocka_unit_test(closer_path_wins),
                cmocka_unit_test(identity_token_goes_alone),
                cmocka_unit_test(login_outside_of_auths_is_told),
                cmocka_unit_test(helpers_are_refused_by_their_key),
                cmocka_unit_test(half_a_login_is_refused),
                cmocka_unit_test(broken_logins_are_refused),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
