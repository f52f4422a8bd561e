/* SPDX-License-Identifier: MIT */
/* Requests against an in-memory store: what is answered, and what is in the store afterwards. */
#include "webhookd/delivery/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "shared/json.h"
#include "unit.h"

typedef struct Fixture {
        Store *store;
        Outbox *outbox;
        Delivery *delivery;
        Hooks *hooks;
        WebhookConfig config;
        char *path;
        unsigned n_notices;
} Fixture;

static void count_notice(const Notice *notice, void *userdata) {
        Fixture *f = userdata;

        (void) notice;

        f->n_notices++;
}

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        f->config = (WebhookConfig){ .auto_create = true, .auto_create_max = 100, .max_queued = 1000 };
        assert_int_equal(store_open(":memory:", &f->store), 0);
        assert_int_equal(hooks_new(f->store, SIGNATURE_RULE_OPTIONAL, &f->hooks), 0);
        assert_int_equal(secret_path(&hooks_at(f->hooks, 0)->secret, &f->path), 0);
        assert_int_equal(outbox_new(count_notice, f, &f->outbox), 0);
        assert_int_equal(delivery_new(f->store, f->hooks, &f->config, f->outbox, &f->delivery), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        delivery_free(f->delivery);
        outbox_free(f->outbox);
        hooks_free(f->hooks);
        store_free(f->store);
        secret_path_free(f->path);
        free(f);
        return 0;
}

static Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

/* Handles one request and ends its turn. Returns the status; `*ret_json` (may be NULL) is the body. */
static int request(Fixture *f, const char *method, const char *path, const Header *headers, size_t n_headers,
                   const char *body, json_t **ret_json) {
        Request q = {
                .method = bytes(method),
                .path = bytes(path),
                .body = bytes(body),
                .headers = headers,
                .n_headers = n_headers,
                .remote = "192.0.2.1",
        };
        Answer answer;
        JsonError error;
        int status;

        delivery_handle(f->delivery, &q, &answer);
        if (store_is_open(f->store))
                assert_int_equal(store_commit(f->store), 0);
        (void) outbox_flush(f->outbox);

        if (ret_json)
                assert_int_equal(json_decode(answer.body, strlen(answer.body), ret_json, &error), 0);
        status = answer.status;
        answer_done(&answer);
        return status;
}

static int post(Fixture *f, const char *body, json_t **ret_json) {
        return request(f, "POST", f->path, NULL, 0, body, ret_json);
}

static int post_id(Fixture *f, const char *id, const char *body, json_t **ret_json) {
        Header header = { bytes("idempotency-key"), bytes(id) };

        return request(f, "POST", f->path, &header, 1, body, ret_json);
}

static json_t *first_deploy(json_t *answer) {
        return json_array_get(json_object_get(answer, "deploys"), 0);
}

static const char *ignored_reason(json_t *answer) {
        return json_get_string(json_array_get(json_object_get(answer, "ignored"), 0), "reason");
}

static uint64_t count(Fixture *f, DeployState state) {
        uint64_t n = 0;

        assert_int_equal(store_count_deploys(f->store, state, &n), 0);
        return n;
}

static void delivery_of_unknown_image_creates_project_and_deploy(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;

        assert_int_equal(post(f, "{\"image\":\"registry.example/org/My.App:v1\"}", NULL), 400);
        assert_int_equal(post(f, "{\"image\":\"registry.example/org/my.app:v1\"}", &j), 202);
        assert_string_equal(json_get_string(first_deploy(j), "project"), "my-app");
        assert_string_equal(json_get_string(first_deploy(j), "stage"), "dev");
        assert_string_equal(json_get_string(first_deploy(j), "image"), "registry.example/org/my.app:v1");
        assert_string_equal(json_get_string(first_deploy(j), "state"), "queued");
        assert_int_equal(store_find_project_by_name(f->store, "my-app", &project), 1);
        assert_string_equal(project->image, "registry.example/org/my.app");
        assert_true(project->auto_created);
        assert_int_equal(project->port, 0);
        /* Project added, deploy queued. */
        assert_int_equal(f->n_notices, 2);
}

static void delivery_twice_of_one_new_image_creates_one_project(void **state) {
        Fixture *f = *state;
        uint64_t n = 0;

        assert_int_equal(post(f, "{\"image\":\"a.example/app:1\"}", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"a.example/app:1\"}", NULL), 202);
        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(count(f, DEPLOY_QUEUED), 1);
}

static void delivery_of_other_repository_with_same_name_gets_a_number(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;

        assert_int_equal(post(f, "{\"image\":\"a.example/app:1\"}", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"b.example/app:1\"}", &j), 202);
        assert_string_equal(json_get_string(first_deploy(j), "project"), "app-2");
}

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
        (void) snprintf(longer, sizeof(longer), "%s?a=b", f->path);
        assert_int_equal(request(f, "POST", longer, NULL, 0, "{}", NULL), 404);
        longer[strlen(f->path) - 1] = '\0';
        assert_int_equal(request(f, "POST", longer, NULL, 0, "{}", NULL), 404);
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

/* Creates project "app" (a.example/app) with one stage. */
static int64_t make_stage(Fixture *f, const char *name, const char *pattern, bool auto_deploy) {
        _cleanup_(project_freep) Project *project = NULL;
        int64_t project_id, stage_id = 0;

        if (store_find_project_by_name(f->store, "app", &project) > 0)
                project_id = project->id;
        else
                assert_int_equal(store_create_project(f->store,
                                                      &(Project){ .name = (char[]){ "app" },
                                                                  .image = (char[]){ "a.example/app" },
                                                                  .healthcheck = (char[]){ "" } },
                                                      &project_id),
                                 0);
        assert_int_equal(store_create_stage(f->store,
                                            &(Stage){ .project_id = project_id,
                                                      .name = (char *) (uintptr_t) name,
                                                      .tag_pattern = (char *) (uintptr_t) pattern,
                                                      .auto_deploy = auto_deploy,
                                                      .max_instances = 1 },
                                            &stage_id),
                         0);
        return stage_id;
}

static void delivery_goes_to_the_first_stage_in_name_order(void **state) {
        Fixture *f = *state;
        static const struct {
                const char *tag, *stage;
        } cases[] = { { "v1.2", "prod" }, { "main-7", "beta" }, { "v9", "prod" } };

        (void) make_stage(f, "staging", "*", true);
        (void) make_stage(f, "prod", "v*", true);
        (void) make_stage(f, "beta", "main-*", true);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *j = NULL;
                char body[96];

                (void) snprintf(body, sizeof(body), "{\"image\":\"a.example/app:%s\"}", cases[i].tag);
                assert_int_equal(post(f, body, &j), 202);
                assert_string_equal(json_get_string(first_deploy(j), "stage"), cases[i].stage);
        }
}

/* A registry that tells one tag of several has told its digest, too: it is nobody's but that tag's. */
static void delivery_with_a_digest_is_for_the_stage_of_its_tag_alone(void **state) {
        static const char digest[] =
                        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;
        char body[192];

        (void) make_stage(f, "dev", "latest", true);
        (void) make_stage(f, "prod", "v*", true);
        (void) snprintf(body, sizeof(body), "{\"image\":\"a.example/app:v1@%s\"}", digest);
        assert_int_equal(post(f, body, NULL), 202);
        (void) snprintf(body, sizeof(body), "{\"image\":\"a.example/app:latest@%s\"}", digest);
        assert_int_equal(post(f, body, &j), 202);
        assert_int_equal(json_array_size(json_object_get(j, "deploys")), 1);
        assert_string_equal(json_get_string(first_deploy(j), "stage"), "dev");
        assert_int_equal(count(f, DEPLOY_QUEUED), 2);
}

/* What Docker Hub posts, at that time. */
static int post_hub(Fixture *f, const char *pushed_at, json_t **ret_json) {
        char body[256];

        (void) snprintf(body, sizeof(body),
                        "{\"push_data\":{\"tag\":\"latest\",\"pushed_at\":%s},"
                        "\"repository\":{\"repo_name\":\"acme/shop\"}}",
                        pushed_at);
        return post(f, body, ret_json);
}

static void delivery_of_a_push_that_is_older_than_the_one_before_is_ignored(void **state) {
        _cleanup_(json_freep) json_t *a = NULL, *b = NULL, *c = NULL;
        Fixture *f = *state;
        uint64_t id;

        assert_int_equal(post_hub(f, "1700000200", &a), 202);
        id = (uint64_t) json_get_int(first_deploy(a), "id", 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);

        assert_int_equal(post_hub(f, "1700000100", &b), 200);
        assert_string_equal(ignored_reason(b), "older-push");
        assert_int_equal(count(f, DEPLOY_QUEUED), 0);
        assert_int_equal(post_hub(f, "1700000300", NULL), 202);
        /* Without a time it is the latest, as ever. */
        assert_int_equal(post_hub(f, "null", NULL), 202);
        assert_int_equal(post_hub(f, "1700000299", &c), 200);
        assert_string_equal(ignored_reason(c), "older-push");
}

static void clock_that_is_ahead_holds_up_no_later_push(void **state) {
        Fixture *f = *state;
        char now[32];

        assert_int_equal(post_hub(f, "4000000000", NULL), 202);
        /* As soon as the clock is right. */
        (void) snprintf(now, sizeof(now), "%" PRIu64 ".5", (uint64_t) time(NULL) + 1);
        assert_int_equal(post_hub(f, now, NULL), 202);
}

static void delivery_that_no_stage_takes_is_ignored_with_200(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;

        (void) make_stage(f, "prod", "v*", true);
        assert_int_equal(post(f, "{\"image\":\"a.example/app\"}", &j), 200);
        assert_string_equal(ignored_reason(j), "no-stage-matches");
        assert_int_equal(count(f, DEPLOY_QUEUED), 0);
        assert_int_equal(f->n_notices, 1);
}

static void delivery_with_auto_deploy_off_is_kept_as_available(void **state) {
        _cleanup_(stage_freep) Stage *stage = NULL;
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;

        (void) make_stage(f, "prod", "v*", false);
        assert_int_equal(post(f, "{\"image\":\"a.example/app:v3\"}", &j), 200);
        assert_string_equal(ignored_reason(j), "auto-deploy-off");
        assert_int_equal(store_find_stage(f->store, "app", "prod", &stage), 1);
        assert_string_equal(stage->available, "a.example/app:v3");
}

static void delivery_beyond_autocreate_rules_is_ignored(void **state) {
        static char pattern[] = "a.example/*";
        static char *patterns[] = { pattern, NULL };
        _cleanup_(json_freep) json_t *j = NULL, *k = NULL, *l = NULL;
        Fixture *f = *state;

        f->config.auto_create_images = patterns;
        assert_int_equal(post(f, "{\"image\":\"b.example/app\"}", &j), 200);
        assert_string_equal(ignored_reason(j), "auto-create-not-allowed");

        f->config.auto_create_max = 1;
        assert_int_equal(post(f, "{\"image\":\"a.example/one\"}", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"a.example/two\"}", &k), 200);
        assert_string_equal(ignored_reason(k), "auto-create-limit");

        f->config.auto_create = false;
        assert_int_equal(post(f, "{\"image\":\"a.example/three\"}", &l), 200);
        assert_string_equal(ignored_reason(l), "auto-create-off");
        f->config.auto_create_images = NULL;
}

static void delivery_again_is_answered_with_its_row(void **state) {
        _cleanup_(json_freep) json_t *j = NULL, *k = NULL;
        Fixture *f = *state;

        assert_int_equal(post_id(f, "id-1", "{\"image\":\"a.example/app:1\"}", &j), 202);
        assert_int_equal(post_id(f, "id-1", "{\"image\":\"a.example/app:1\"}", &k), 200);
        assert_int_equal(json_get_int(first_deploy(k), "id", -1), json_get_int(first_deploy(j), "id", -2));
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

static void delivery_to_a_full_queue_is_503_and_leaves_nothing(void **state) {
        Fixture *f = *state;
        uint64_t n = 0;

        f->config.max_queued = 1;
        assert_int_equal(post(f, "{\"image\":\"a.example/one\"}", NULL), 202);
        f->n_notices = 0;
        assert_int_equal(post(f, "{\"image\":\"a.example/two\"}", NULL), 503);
        /* Neither the project of the refused request, nor a word about it. */
        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(f->n_notices, 0);
        assert_int_equal(count(f, DEPLOY_QUEUED), 1);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(delivery_of_unknown_image_creates_project_and_deploy),
                TEST(delivery_twice_of_one_new_image_creates_one_project),
                TEST(delivery_of_other_repository_with_same_name_gets_a_number),
                TEST(delivery_without_secret_is_404_for_every_reason),
                TEST(delivery_refusal_has_no_body_of_its_own),
                TEST(delivery_with_dead_secret_is_404),
                TEST(sender_that_asks_with_an_event_gets_its_code_back_and_nothing_else),
                TEST(sender_that_asks_by_options_may_call_where_it_has_the_secret),
                TEST(delivery_of_wrong_method_or_media_type_says_so),
                TEST(delivery_that_is_malformed_is_400_with_its_reason),
                TEST(delivery_names_the_position_of_a_json_error),
                TEST(delivery_takes_name_tag_and_digest_apart),
                TEST(delivery_goes_to_the_first_stage_in_name_order),
                TEST(delivery_with_a_digest_is_for_the_stage_of_its_tag_alone),
                TEST(delivery_of_a_push_that_is_older_than_the_one_before_is_ignored),
                TEST(clock_that_is_ahead_holds_up_no_later_push),
                TEST(delivery_that_no_stage_takes_is_ignored_with_200),
                TEST(delivery_with_auto_deploy_off_is_kept_as_available),
                TEST(delivery_beyond_autocreate_rules_is_ignored),
                TEST(delivery_again_is_answered_with_its_row),
                TEST(delivery_id_beyond_its_limit_is_400),
                TEST(delivery_to_a_full_queue_is_503_and_leaves_nothing),
                TEST(delivery_is_counted_by_its_outcome_and_a_stranger_not_at_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
