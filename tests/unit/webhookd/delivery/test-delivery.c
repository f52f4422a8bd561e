/* SPDX-License-Identifier: MIT */
/* Who may deliver, how and what: requests as they are answered before anything is deployed. */
#include "delivery-fixture.h"
#include "webhookd/store/show.h"

static void delivery_without_secret_is_404_for_every_reason(void **state) {
        static const char *const paths[] = {
                "/", "/api/webhook/", "/api/webhook/00000000-0000-4000-8000-000000000000",
                "",  "/api/webhook",  "*",
        };
        static const char *const methods[] = { "GET", "POST", "PUT", "OPTIONS" };
        Fixture *f = *state;
        char longer[128];

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                for (size_t k = 0; k < ELEMENTSOF(methods); k++)
                        assert_int_equal(request(f, methods[k], paths[i], NULL, 0, "not json", NULL), 404);

        (void) snprintf(longer, sizeof(longer), "%sx", f->path);
        assert_int_equal(request(f, "POST", longer, NULL, 0, "{}", NULL), 404);
        longer[strlen(f->path) - 1] = '\0';
        assert_int_equal(request(f, "POST", longer, NULL, 0, "{}", NULL), 404);
}

static void delivery_with_the_secret_is_served_however_its_url_is_written(void **state) {
        Fixture *f = *state;
        char longer[128];

        (void) snprintf(longer, sizeof(longer), "/%s/?a=b", f->path);
        assert_int_equal(request(f, "POST", longer, NULL, 0, "{\"image\":\"a.example/b\"}", NULL), 202);
        assert_int_equal(request(f, "GET", longer, NULL, 0, "", NULL), 405);
}

static void delivery_refusal_has_no_body_of_its_own(void **state) {
        Fixture *f = *state;
        Request q = { .method = bytes("POST"), .path = bytes("/x"), .body = bytes("{}") };
        Answer answer;

        delivery_handle(f->delivery, &q, &answer);
        assert_int_equal(answer.status, 404);
        assert_null(answer.body);
        assert_false(answer.accepted);
        assert_false(store_is_open(f->store));
}

static void delivery_with_dead_secret_is_404(void **state) {
        Fixture *f = *state;

        assert_int_equal(post(f, "{\"image\":\"a.example/app:1\"}", NULL), 202);
        assert_int_equal(hooks_regenerate(f->hooks), 0);
        assert_int_equal(post(f, "{\"image\":\"a.example/app:1\"}", NULL), 404);
}

static void sender_that_asks_with_an_event_gets_its_code_back_and_nothing_else(void **state) {
        static const char asks[] =
                        "[{\"id\":\"1\",\"eventType\":\"Microsoft.EventGrid.SubscriptionValidationEvent\","
                        "\"eventTime\":\"2024-01-02T03:04:05Z\",\"data\":{\"validationCode\":\"c0de-7\"}}]";
        static const char empty[] =
                        "[{\"id\":\"1\",\"eventType\":\"Microsoft.EventGrid.SubscriptionValidationEvent\","
                        "\"eventTime\":\"2024-01-02T03:04:05Z\",\"data\":{\"validationCode\":\"\"}}]";
        _cleanup_(json_freep) json_t *j = NULL, *k = NULL;
        Fixture *f = *state;

        assert_int_equal(post(f, asks, &j), 200);
        assert_string_equal(json_get_string(j, "validationResponse"), "c0de-7");
        assert_int_equal(json_object_size(j), 1);
        assert_int_equal(request(f, "POST", "/api/webhook/x", NULL, 0, asks, NULL), 404);

        assert_int_equal(post(f, empty, &k), 200);
        assert_null(json_object_get(k, "validationResponse"));
        assert_string_equal(ignored_reason(k), "ping");
}

static void sender_that_asks_by_options_may_call_where_it_has_the_secret(void **state) {
        static const struct {
                const char *origin;
                int status;
        } cases[] = { { "events.example.com", 200 }, { "", 405 }, { "a b", 405 }, { "a\x01", 405 } };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Header header = { bytes("webhook-request-origin"), bytes(cases[i].origin) };
                Request q = {
                        .method = bytes("OPTIONS"),
                        .path = bytes(f->path),
                        .body = bytes(""),
                        .headers = &header,
                        .n_headers = 1,
                        .remote = "192.0.2.1",
                };
                Answer answer;

                delivery_handle(f->delivery, &q, &answer);
                assert_int_equal(answer.status, cases[i].status);
                assert_string_equal(strempty(answer.allowed_origin),
                                    cases[i].status == 200 ? cases[i].origin : "");
                answer_done(&answer);

                q.path = bytes("/api/webhook/x");
                delivery_handle(f->delivery, &q, &answer);
                assert_int_equal(answer.status, 404);
                assert_null(answer.allowed_origin);
                answer_done(&answer);
        }

        assert_false(store_is_open(f->store));
        assert_int_equal(request(f, "OPTIONS", f->path, NULL, 0, "", NULL), 405);
}

static void delivery_of_wrong_method_or_media_type_says_so(void **state) {
        Header form = { bytes("content-type"), bytes("application/x-www-form-urlencoded") };
        Header json = { bytes("content-type"), bytes("Application/JSON; charset=utf-8") };
        Header events = { bytes("content-type"), bytes("application/vnd.example.events.v1+json") };
        Fixture *f = *state;

        assert_int_equal(request(f, "GET", f->path, NULL, 0, "", NULL), 405);
        assert_int_equal(request(f, "POST", f->path, &form, 1, "{\"image\":\"a.example/b\"}", NULL), 415);
        assert_int_equal(request(f, "POST", f->path, &json, 1, "{\"image\":\"a.example/b\"}", NULL), 202);
        assert_int_equal(request(f, "POST", f->path, &events, 1, "{\"image\":\"a.example/b\"}", NULL), 202);
}

static void delivery_that_is_malformed_is_400_with_its_reason(void **state) {
        static const char *const bodies[] = {
                "",
                "{",
                "[]",
                "null",
                "{}",
                "{\"image\":7}",
                "{\"image\":\"\"}",
                "{\"image\":\"a.example/Case\"}",
                "{\"image\":\"a.example/b\",\"digest\":\"sha256:short\"}",
                "{\"name\":\"a.example/b\",\"tag\":true}",
                "{\"name\":\"a.example/b\",\"tag\":\"bad tag\"}",
        };
        Fixture *f = *state;
        uint64_t n = 1;

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                _cleanup_(json_freep) json_t *j = NULL;

                assert_int_equal(post(f, bodies[i], &j), 400);
                assert_string_equal(json_get_string(j, "error"), "malformed");
                assert_true(strlen(json_get_string(j, "detail")) > 0);
        }
        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, 0);
}

static void delivery_names_the_position_of_a_json_error(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;

        assert_int_equal(post(f, "{\n\"image\": oops}", &j), 400);
        assert_non_null(strstr(json_get_string(j, "detail"), "line 2"));
}

/* The status of a POST with that body and, where it is not NULL, that Content-Encoding; its detail is in `ret`. */
static int refusal(Fixture *f, const char *coding, Bytes body, char ret[static 256]) {
        Header headers[] = { { bytes("content-type"), bytes("application/json") },
                             { bytes("content-encoding"), bytes(strempty(coding)) } };
        Request q = { .method = bytes("POST"),
                      .path = bytes(f->path),
                      .body = body,
                      .headers = headers,
                      .n_headers = coding ? 2 : 1,
                      .remote = "192.0.2.1" };
        _cleanup_(json_freep) json_t *j = NULL;
        JsonError error;
        Answer answer;
        int status;

        delivery_handle(f->delivery, &q, &answer);
        if (store_is_open(f->store))
                assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(json_decode(answer.body, strlen(answer.body), &j, &error), 0);
        (void) snprintf(ret, 256, "%s: %s", json_get_string(j, "error"),
                        strempty(json_get_string(j, "detail")));
        status = answer.status;
        answer_done(&answer);
        return status;
}

static void delivery_that_is_encoded_is_415_with_the_name_of_the_encoding(void **state) {
        static const char *const codings[][2] = {
                { "gzip", "Content-Encoding: gzip" },
                { "br, gzip", "Content-Encoding: br, gzip" },
                { "a\x01\xffz", "Content-Encoding: a??z" },
                { "0123456789012345678901234567890123456789",
                  "Content-Encoding: 01234567890123456789012345678901)" },
        };
        const Bytes zipped = { "\x1f\x8b\x08\0\0", 5 }, plain = bytes("{\"image\":\"a.example/b\"}");
        char detail[256];
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(codings); i++) {
                assert_int_equal(refusal(f, codings[i][0], zipped, detail), 415);
                assert_int_equal(strncmp(detail, "unsupported-encoding: ", strlen("unsupported-encoding: ")),
                                 0);
                assert_non_null(strstr(detail, codings[i][1]));
        }
        assert_int_equal(refusal(f, "gzip", plain, detail), 415);
        assert_int_equal(refusal(f, "", plain, detail), 202);
        assert_int_equal(refusal(f, "Identity", plain, detail), 202);
}

static void delivery_that_cannot_be_read_says_why_in_a_sentence(void **state) {
        static const struct {
                Bytes body;
                const char *detail;
        } bodies[] = {
                { { "", 0 }, "malformed: the body is empty: send JSON, such as {\"image\": " },
                { { NULL, 0 }, "malformed: the body is empty: " },
                { { "\r\n ", 3 }, "malformed: the body is empty: " },
                { { "\xef\xbb\xbf{}", 5 }, "malformed: it begins with a byte order mark: " },
                { { "{\0}\0", 4 }, "malformed: byte 2 is a NUL, " },
                { { "{\"image\":\"\\u0000\"}", 18 },
                  "malformed: line 1, column 17: a string contains \\u0000, " },
        };
        char detail[256];
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                assert_int_equal(refusal(f, NULL, bodies[i].body, detail), 400);
                if (strncmp(detail, bodies[i].detail, strlen(bodies[i].detail)) != 0)
                        fail_msg("instead of \"%s\": %s", bodies[i].detail, detail);
        }
}

static void delivery_takes_name_tag_and_digest_apart(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;

        assert_int_equal(post(f,
                              "{\"name\":\"a.example/b\",\"tag\":\"v1\",\"digest\":"
                              "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
                              &j),
                         202);
        assert_string_equal(json_get_string(first_deploy(j), "image"),
                            "a.example/b:v1@sha256:"
                            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

static void delivery_id_beyond_its_limit_is_400(void **state) {
        Fixture *f = *state;
        char id[DELIVERY_ID_MAX + 2];

        memset(id, 'x', sizeof(id));
        id[DELIVERY_ID_MAX + 1] = '\0';
        assert_int_equal(post_id(f, id, "{\"image\":\"a.example/app:1\"}", NULL), 400);
        id[DELIVERY_ID_MAX] = '\0';
        assert_int_equal(post_id(f, id, "{\"image\":\"a.example/app:1\"}", NULL), 202);
        assert_int_equal(post_id(f, "a\tb", "{\"image\":\"a.example/app:1\"}", NULL), 400);
}

/* The sum of what was counted with this outcome. */
typedef struct Counted {
        const char *outcome;
        double n;
} Counted;

static int add_counted(const Metric *metric, void *userdata) {
        Counted *counted = userdata;

        if (streq(metric->name, "tinyforge_deliveries_total") &&
            streq(metric->labels[1].value, counted->outcome))
                counted->n += metric->value;
        return 0;
}

static int counted(Fixture *f, const char *outcome) {
        Counted sum = { .outcome = outcome };

        assert_int_equal(store_visit_metrics(f->store, add_counted, &sum), 0);
        return (int) sum.n;
}

static void delivery_is_counted_by_its_outcome_and_a_stranger_not_at_all(void **state) {
        Fixture *f = *state;

        assert_int_equal(post(f, "{\"image\":\"a.example/one:v1\"}", NULL), 202);
        assert_int_equal(post_id(f, "42", "{\"image\":\"a.example/one:v2\"}", NULL), 202);
        assert_int_equal(post_id(f, "42", "{\"image\":\"a.example/one:v2\"}", NULL), 200);
        f->config.auto_create = false;
        assert_int_equal(post(f, "{\"image\":\"a.example/two\"}", NULL), 200);
        assert_int_equal(post(f, "{\"image\":", NULL), 400);
        f->config.max_queued = 0;
        assert_int_equal(post(f, "{\"image\":\"a.example/one:v3\"}", NULL), 503);
        assert_int_equal(request(f, "POST", "/api/webhook/none", NULL, 0, "{}", NULL), 404);
        assert_int_equal(counted(f, "accepted"), 2);
        assert_int_equal(counted(f, "known"), 1);
        assert_int_equal(counted(f, "ignored"), 1);
        assert_int_equal(counted(f, "refused"), 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(delivery_without_secret_is_404_for_every_reason),
                TEST(delivery_with_the_secret_is_served_however_its_url_is_written),
                TEST(delivery_refusal_has_no_body_of_its_own),
                TEST(delivery_with_dead_secret_is_404),
                TEST(sender_that_asks_with_an_event_gets_its_code_back_and_nothing_else),
                TEST(sender_that_asks_by_options_may_call_where_it_has_the_secret),
                TEST(delivery_of_wrong_method_or_media_type_says_so),
                TEST(delivery_that_is_malformed_is_400_with_its_reason),
                TEST(delivery_names_the_position_of_a_json_error),
                TEST(delivery_that_is_encoded_is_415_with_the_name_of_the_encoding),
                TEST(delivery_that_cannot_be_read_says_why_in_a_sentence),
                TEST(delivery_takes_name_tag_and_digest_apart),
                TEST(delivery_id_beyond_its_limit_is_400),
                TEST(delivery_is_counted_by_its_outcome_and_a_stranger_not_at_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
