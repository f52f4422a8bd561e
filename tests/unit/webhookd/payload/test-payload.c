/* SPDX-License-Identifier: MIT */
/* What is common to all senders: who goes first, media types, forms, lists, limits. */
#include "payload-fixture.h"
#include "webhookd/payload/base64.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/form.h"
#include "webhookd/payload/push-time.h"

static void recognition_goes_by_headers_then_media_type_then_keys(void **state) {
        static const struct {
                const char *head, *body, *provider;
        } cases[] = {
                { "x-github-event: package\nx-gitea-event: package\nx-forgejo-event: package\n", "{}",
                  "forgejo" },
                { "x-github-event: package\nx-gitea-event: package\n", "{}", "gitea" },
                { "x-github-event: package\nx-gitea-event: \n", "{}", "github" },
                { "x-github-event: ping\ncontent-type: application/vnd.docker.distribution.events.v1+json\n",
                  "{\"events\":[]}", "github" },
                { "content-type: application/vnd.docker.distribution.events.v1+json\n",
                  "{\"push_data\":{},\"repository\":{\"repo_name\":\"a/b\"}}", "distribution" },
                { "content-type: Application/VND.docker.distribution.events.v2+JSON; charset=utf-8\n", "{}",
                  "distribution" },
                { "", "{\"push_data\":{},\"image\":\"a.example.com/b\"}", "docker-hub" },
                { "", "{\"name\":\"shop\",\"docker_url\":\"quay.example.com/a/b\"}", "quay" },
                { "", "{\"name\":\"a.example.com/b\"}", "generic" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                char described[512], *text = NULL;
                const char *provider;

                assert_true(asprintf(&text, "%s\n%s", cases[i].head, cases[i].body) > 0);
                posted_split(text, &posted);
                request_describe(&posted.request, NULL, described, sizeof(described), &provider);
                if (!streq(provider, cases[i].provider))
                        fail_msg("%s%s: %s", cases[i].head, cases[i].body, provider);
        }
}

static void form_is_taken_from_git_forges_only(void **state) {
        static const struct {
                const char *head, *body, *expected;
        } cases[] = {
                { "", "payload=%7B%7D", "415" },
                { "x-gitlab-event: Job Hook\n", "payload=%7B%7D", "415" },
                { "x-github-event: ping\n", "payload=%7B%22zen%22%3A%22a+b%22%7D", "-ping" },
                { "x-github-event: ping\n", "a=1&payload=%7b%7d&payload=x", "-ping" },
                { "x-github-event: ping\n", "payloads=%7b%7d", "400 the form has no field \"payload\"" },
                { "x-github-event: ping\n", "", "400 the form has no field \"payload\"" },
                { "x-github-event: ping\n", "payload=%7b", "400 string or '}' expected near end of file" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                char described[512], *text = NULL;

                assert_true(asprintf(&text, "content-type: application/x-www-form-urlencoded\n%s\n%s",
                                     cases[i].head, cases[i].body) > 0);
                posted_split(text, &posted);
                request_describe(&posted.request, NULL, described, sizeof(described), NULL);
                assert_string_equal(described, cases[i].expected);
        }
}

static void form_field_is_decoded_byte_by_byte(void **state) {
        static const struct {
                const char *body, *value;
        } cases[] = {
                { "payload=a%20b+c%2B", "a b c+" }, { "payload=", "" },
                { "payload=%zz%4", "%zz%4" },       { "payload=%", "%" },
                { "x&payload=1&y", "1" },           { "payload=%C3%A9", "\xc3\xa9" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *value = NULL;
                size_t length = 0;

                assert_int_equal(form_field(bytes(cases[i].body), "payload", &value, &length), 0);
                assert_string_equal(value, cases[i].value);
                assert_int_equal(length, strlen(cases[i].value));
        }
}

static void base64_is_decoded_with_either_alphabet_and_without_padding(void **state) {
        static const struct {
                const char *text, *value;
        } good[] = { { "", "" },
                     { "Zg==", "f" },
                     { "Zg", "f" },
                     { "Zm8=", "fo" },
                     { "Zm8", "fo" },
                     { "Zm9v", "foo" },
                     { "Zm9vYmE", "fooba" },
                     { "w7_Dvw", "\xc3\xbf\xc3\xbf" },
                     { "w7/Dvw==", "\xc3\xbf\xc3\xbf" } };
        static const char *const bad[] = { "Z",     "Zg=",    "Zg===", "Zm9v=", "Z=g=",
                                           "Zm9 v", "Zm9v\n", "=",     "!!!!",  "Zm9vZ" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_free_ char *value = NULL;
                size_t length = 0;

                assert_int_equal(base64_decode(good[i].text, &value, &length), 0);
                assert_string_equal(value, good[i].value);
                assert_int_equal(length, strlen(good[i].value));
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char *value = NULL;
                size_t length = 0;

                assert_int_equal(base64_decode(bad[i], &value, &length), -EBADMSG);
                assert_null(value);
        }
}

static void time_is_read_with_its_zone_or_not_at_all(void **state) {
        static const struct {
                const char *json;
                uint64_t time;
        } cases[] = {
                { "\"2024-01-02T03:04:05Z\"", UINT64_C(1704164645000000) },
                { "\"2024-01-02 03:04:05z\"", UINT64_C(1704164645000000) },
                { "\"2024-01-02T03:04:05.123456789Z\"", UINT64_C(1704164645123456) },
                { "\"2024-01-02T03:04:05.5+00:00\"", UINT64_C(1704164645500000) },
                { "\"2024-01-02T05:34:05+0230\"", UINT64_C(1704164645000000) },
                { "\"2024-01-01T19:04:05-08:00\"", UINT64_C(1704164645000000) },
                { "\"2024-02-29T00:00:00Z\"", UINT64_C(1709164800000000) },
                { "\"2016-12-31T23:59:60Z\"", UINT64_C(1483228800000000) },
                { "\"9999-12-31T23:59:59Z\"", UINT64_C(253402300799000000) },
                { "1704164645", UINT64_C(1704164645000000) },
                { "1704164645.5", UINT64_C(1704164645500000) },
                { "1.704164645e+09", UINT64_C(1704164645000000) },
                { "\"0001-01-01T00:00:00Z\"", 0 },
                { "\"1970-01-01T00:00:00Z\"", 0 },
                { "\"2024-01-02T03:04:05\"", 0 },
                { "\"2024-01-02T03:04:05 UTC\"", 0 },
                { "\"2024-01-02T03:04:05.Z\"", 0 },
                { "\"2024-01-02T03:04:05ZZ\"", 0 },
                { "\"2024-01-02T03:04Z\"", 0 },
                { "\"2024-13-02T03:04:05Z\"", 0 },
                { "\"2024-00-02T03:04:05Z\"", 0 },
                { "\"2023-02-29T03:04:05Z\"", 0 },
                { "\"2024-01-00T03:04:05Z\"", 0 },
                { "\"2024-01-02T24:04:05Z\"", 0 },
                { "\"2024-01-02T03:04:61Z\"", 0 },
                { "\"2024-01-02T03:04:05+24:00\"", 0 },
                { "\"2024-1-2T03:04:05Z\"", 0 },
                { "\"1704164645\"", 0 },
                { "\"\"", 0 },
                { "0", 0 },
                { "-1", 0 },
                { "-1.5", 0 },
                { "253402300800", 0 },
                { "1e300", 0 },
                { "9223372036854775807", 0 },
                { "true", 0 },
                { "null", 0 },
                { "[1704164645]", 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *j = NULL;
                char text[64];
                JsonError error;

                (void) snprintf(text, sizeof(text), "{\"t\":%s}", cases[i].json);
                assert_int_equal(json_decode(text, strlen(text), &j, &error), 0);
                if (push_time_at(j, "t") != cases[i].time)
                        fail_msg("%s", cases[i].json);
        }

        assert_int_equal(push_time_at(NULL, "t"), 0);
}

static void latest_time_of_an_image_counts(void **state) {
        _cleanup_(push_list_done) PushList list = { .n = 0 };
        PushedImage image = { .host = "a.example.com", .repository = "b", .tag = "v1" };
        static const uint64_t times[] = { 0, 7, 9, 8, 0 };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                image.pushed_at = times[i];
                assert_int_equal(push_list_add_pushed(&list, &image), 0);
        }
        assert_int_equal(list.n, 1);
        assert_int_equal(list.items[0].pushed_at, 9);
}

static void address_is_split_behind_its_last_slash(void **state) {
        static const struct {
                const char *text, *host, *repository, *tag, *digest;
        } cases[] = {
                { "a.example.com:5000/b/c", "a.example.com:5000", "b/c", "", "" },
                { "a.example.com:5000/b/c:1042", "a.example.com:5000", "b/c", "1042", "" },
                { "a.example.com/b:", "a.example.com", "b", "", "" },
                { "https://a.example.com:443/b/-/c/d:e", "a.example.com:443", "b/-/c/d", "e", "" },
                { "a.example.com/b:1@sha256:77", "a.example.com", "b", "1", "sha256:77" },
                { "a.example.com:5000", "a.example.com:5000", "", "", "" },
                { "https://a.example.com/", "a.example.com", "", "", "" },
                { "/b:1", "", "b", "1", "" },
                { "a.example.com/b:sha256:77", "a.example.com", "b", "sha256:77", "" },
                { "", "", "", "", "" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(address_done) Address address = { 0 };

                assert_int_equal(address_split(cases[i].text, &address), 0);
                assert_string_equal(strempty(address.host), cases[i].host);
                assert_string_equal(strempty(address.repository), cases[i].repository);
                assert_string_equal(strempty(address.tag), cases[i].tag);
                assert_string_equal(strempty(address.digest), cases[i].digest);
        }
}

static void pushed_texts_never_become_another_image(void **state) {
        static const PushedImage nonsense[] = {
                { .host = "a.example.com/b", .repository = "c", .tag = "v1" },
                { .host = "a.example.com", .repository = "b:v0", .tag = "v1" },
                { .host = "a.example.com", .repository = "b@sha256:0", .tag = "v1" },
                { .host = "a.example.com", .repository = "/b", .tag = "v1" },
                { .host = "a.example.com", .repository = "b/", .tag = "v1" },
                { .host = "a.example.com", .repository = "b", .tag = "v1/x" },
                { .host = "a.example.com", .repository = "b", .tag = "v1@x" },
                { .host = "a.example.com", .repository = "b", .tag = "v 1" },
                { .host = "acme", .repository = "b", .tag = "v1" },
                { .host = "a.example.com", .repository = "b", .tag = "sha256:v1" },
                { .host = "a.example.com", .repository = "b" },
                { .host = "a.example.com", .tag = "v1" },
                { .repository = "a.example.com/b", .tag = "v1" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(nonsense); i++) {
                _cleanup_(push_list_done) PushList list = { .n = 0 };

                assert_int_equal(push_list_add_pushed(&list, &nonsense[i]), 0);
                assert_int_equal(list.n, 0);
                assert_int_equal(list.n_ignored, 1);
        }
}

static void bodies_beyond_the_limits_tell_what_was_left_out(void **state) {
        _cleanup_(push_list_done) PushList list = { .n = 0 };
        size_t n = 0;

        (void) state;

        for (unsigned i = 0; i < PUSHES_MAX + 3; i++) {
                char tag[16];

                (void) snprintf(tag, sizeof(tag), "v%u", i);
                assert_int_equal(push_list_add_pushed(&list, &(PushedImage){ .host = "a.example.com",
                                                                             .repository = "b",
                                                                             .tag = tag }),
                                 0);
        }
        assert_int_equal(list.n, PUSHES_MAX);
        assert_int_equal(list.n_ignored, 3);
        assert_int_equal(list.ignored[2].reason, IGNORE_TOO_MANY_IMAGES);
        assert_string_equal(list.ignored[2].image, "a.example.com/b:v66");

        for (unsigned i = 0; i < 2 * IGNORED_MAX; i++) {
                char repository[16];

                (void) snprintf(repository, sizeof(repository), "c%u", i);
                assert_int_equal(push_list_ignore(&list,
                                                  &(PushedImage){ .host = "a.example.com",
                                                                  .repository = repository },
                                                  IGNORE_PULL),
                                 0);
        }
        assert_int_equal(list.n_ignored, IGNORED_MAX + 1);
        assert_int_equal(list.ignored[IGNORED_MAX].reason, IGNORE_MORE_IGNORED);
        assert_string_equal(list.ignored[IGNORED_MAX].image, "");

        push_list_done(&list);
        assert_int_equal(push_list_limit_events(&list, EVENTS_MAX, &n), 0);
        assert_int_equal(n, EVENTS_MAX);
        assert_int_equal(list.n_ignored, 0);
        assert_int_equal(push_list_limit_events(&list, EVENTS_MAX + 1, &n), 0);
        assert_int_equal(n, EVENTS_MAX);
        assert_int_equal(list.ignored[0].reason, IGNORE_TOO_MANY_IMAGES);
}

static void lists_of_events_are_taken_one_by_one(void **state) {
        (void) state;

        assert_body("[{\"image\":\"a.example.com/b:1\"},{\"image\":\"a.example.com/b:1\"}]",
                    "+a.example.com/b:1");
        assert_body("[{\"image\":\"a.example.com/b:1\"},{\"hello\":1}]",
                    "+a.example.com/b:1 -unknown-event");
        assert_body("[{\"docker_url\":\"a.example.com/b\",\"updated_tags\":[\"1\"]},7]",
                    "+a.example.com/b:1 -unknown-event");
        assert_body("[7,8]", "400 no image in the body");
        assert_body("[]", "400 no image in the body");
        assert_body("[{\"image\":\"a.example.com/b:1\"},{\"image\":3}]", "400 \"image\" is not a string");
}

#define NAME_WITHOUT_HOST "400 \"name\" does not begin with the registry's host, such as docker.io/"

static void name_has_to_say_its_registry(void **state) {
        (void) state;

        assert_body("{\"name\":\"a.example.com/b\"}", "+a.example.com/b");
        assert_body("{\"name\":\"docker.io/library/shop\",\"tag\":\"v1\"}", "+docker.io/library/shop:v1");
        assert_body("{\"name\":\"localhost/shop\",\"tag\":\"v1\"}", "+localhost/shop:v1");
        assert_body("{\"name\":\"shop\",\"tag\":\"v1\"}", NAME_WITHOUT_HOST);
        assert_body("{\"name\":\"acme/shop\",\"digest\":null}", NAME_WITHOUT_HOST);
        assert_body("{\"name\":\"shop.example.com\",\"tag\":\"v1\"}", NAME_WITHOUT_HOST);
        /* With anything more it is somebody else's. */
        assert_body("{\"name\":\"shop\",\"tag\":\"v1\",\"author\":\"ada\"}", "-unknown-event");
        assert_body("{\"name\":\"shop\",\"tag\":7,\"author\":\"ada\"}", "-unknown-event");
        assert_body("{\"name\":\"a.example.com/b\",\"tag\":\"v1\",\"author\":\"ada\"}",
                    "+a.example.com/b:v1");
        assert_body("{\"name\":\"acme/shop\"}", "400 no image in the body");
        assert_body("{\"name\":\"Ada\",\"email\":\"ada@example.com\"}", "400 no image in the body");
}

static void tag_beside_an_image_is_its_tag(void **state) {
        (void) state;

        assert_body("{\"image\":\"a.example.com/b\",\"tag\":\"v1\"}", "+a.example.com/b:v1");
        assert_body("{\"image\":\"a.example.com/b:v1\",\"tag\":\"v1\"}", "+a.example.com/b:v1");
        assert_body("{\"image\":\"a.example.com/b:v1\",\"tag\":null}", "+a.example.com/b:v1");
        assert_body("{\"image\":\"a.example.com/b:v1\",\"tag\":\"v2\"}",
                    "400 the image and the body name two tags");
        assert_body("{\"image\":\"a.example.com/b\",\"tag\":7}", "400 \"tag\" is not a string");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(recognition_goes_by_headers_then_media_type_then_keys),
                cmocka_unit_test(form_is_taken_from_git_forges_only),
                cmocka_unit_test(form_field_is_decoded_byte_by_byte),
                cmocka_unit_test(base64_is_decoded_with_either_alphabet_and_without_padding),
                cmocka_unit_test(time_is_read_with_its_zone_or_not_at_all),
                cmocka_unit_test(latest_time_of_an_image_counts),
                cmocka_unit_test(address_is_split_behind_its_last_slash),
                cmocka_unit_test(pushed_texts_never_become_another_image),
                cmocka_unit_test(bodies_beyond_the_limits_tell_what_was_left_out),
                cmocka_unit_test(lists_of_events_are_taken_one_by_one),
                cmocka_unit_test(name_has_to_say_its_registry),
                cmocka_unit_test(tag_beside_an_image_is_its_tag),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
