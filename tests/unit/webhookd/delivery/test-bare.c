/* SPDX-License-Identifier: MIT */
/* Calls without a body: which tag they mean, and who may make them. */
#include <fcntl.h>

#include "delivery-fixture.h"

#define REPOSITORY "a.example/team/app"
#define KEY        "a key for shop"
/* HMAC-SHA256 of nothing with that key. */
#define HEX "1cc249589948623b7d81ca09f222d6c5aa184f91cb5780d13a6b19ab50866ea8"

/* Makes a hook for the repository; its path is freshly allocated. */
static char *make_hook(Fixture *f, const char *name, SignatureRule rule, bool bare) {
        char *images[] = { (char[]){ REPOSITORY }, NULL }, *path = NULL;
        const Hook *hook;

        assert_int_equal(hooks_create(f->hooks, name, images, rule, bare, &hook), 0);
        assert_int_equal(secret_path(&hook->secret, &path), 0);
        return path;
}

/* POST to the path with that query; "" is no body. */
static int call(Fixture *f, const char *path, const char *query, const char *body, json_t **ret_json) {
        char line[256];

        (void) snprintf(line, sizeof(line), "%s%s", path, query);
        return request(f, "POST", line, NULL, 0, body, ret_json);
}

/* What the first deploy of the answer brings. */
static void assert_deploys(json_t *j, const char *image) {
        assert_string_equal(json_get_string(first_deploy(j), "image"), image);
}

static void call_without_a_body_deploys_the_tag_that_was_pushed_last(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v1\"}", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v2\"}", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"a.example/team/other:v3\"}", NULL), 202);
        assert_int_equal(call(f, path, "", "", &j), 202);
        assert_deploys(j, REPOSITORY ":v2");
}

/* The tag may have moved since: its digest of then is not what is asked for. */
static void digest_of_the_last_push_is_left_away(void **state) {
        static const char digest[] =
                        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        _cleanup_(json_freep) json_t *j = NULL;
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;
        char body[192];

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        (void) snprintf(body, sizeof(body), "{\"image\":\"" REPOSITORY ":latest@%s\"}", digest);
        assert_int_equal(post(f, body, NULL), 202);
        assert_int_equal(call(f, path, "", "", &j), 202);
        assert_deploys(j, REPOSITORY ":latest");
}

static void tag_of_the_query_is_what_is_meant_whatever_the_body(void **state) {
        static const struct {
                const char *query, *body;
        } cases[] = {
                { "?tag=v7", "" },
                { "?a=b&tag=v7", "" },
                { "?tag=v7&retag=v8&tagged", "" },
                { "?tag=v7", "{}" },
                { "?tag=v7", "{\"image\":\"a.example/team/other:v9\"}" },
                { "?tag=v7", "not json" },
        };
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *j = NULL;

                assert_int_equal(call(f, path, cases[i].query, cases[i].body, &j), 202);
                assert_deploys(j, REPOSITORY ":v7");
        }
}

static void tag_that_cannot_be_known_is_refused_with_the_way_out(void **state) {
        static const struct {
                const char *query, *detail;
        } cases[] = {
                { "", "?tag=" },
                { "?", "?tag=" },
                { "?tag=", "empty" },
                { "?tag=&x=1", "empty" },
                { "?tag=v1&tag=v2", "more than one" },
                { "?tag=a%2Fb", "a character" },
                { "?tag=a/b", "a character" },
                { "?tag=v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                  "a character" },
                { "?%74ag=v1", "no tag=TAG" },
                { "?TAG=v1", "no tag=TAG" },
                { "?tag", "no tag=TAG" },
                { "??tag=v1", "no tag=TAG" },
        };
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *j = NULL;

                assert_int_equal(call(f, path, cases[i].query, "", &j), 400);
                assert_string_equal(json_get_string(j, "error"), "malformed");
                assert_non_null(strstr(json_get_string(j, "detail"), cases[i].detail));
        }
        assert_int_equal(count(f, DEPLOY_QUEUED), 0);
}

static void hook_that_was_not_made_for_it_takes_no_bare_call(void **state) {
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, false);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v1\"}", NULL), 202);
        assert_int_equal(call(f, path, "", "", NULL), 400);
        assert_int_equal(call(f, path, "?tag=v2", "", NULL), 400);
        assert_int_equal(call(f, f->path, "?tag=v2", "", NULL), 400);
        assert_int_equal(count(f, DEPLOY_QUEUED), 1);
}

static void stranger_learns_nothing_of_a_query(void **state) {
        Fixture *f = *state;

        assert_int_equal(call(f, "/api/webhook/8d0f5a52-0a6e-4d1e-9c3f-2f4b6d1f9a10", "?tag=v1", "", NULL),
                         404);
        assert_int_equal(call(f, "/", "?tag=v1", "", NULL), 404);
        assert_int_equal(call(f, "", "?tag=v1", "", NULL), 404);
}

static void body_without_a_query_is_read_as_ever(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(call(f, path, "", "{\"image\":\"" REPOSITORY ":v3\"}", &j), 202);
        assert_deploys(j, REPOSITORY ":v3");
        assert_int_equal(call(f, path, "", "not json", NULL), 400);
        assert_int_equal(request(f, "GET", path, NULL, 0, "", NULL), 405);
}

static void push_of_a_repository_that_the_project_had_before_is_not_the_last(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(post(f, "{\"image\":\"a.example/team/application:v1\"}", NULL), 202);
        assert_int_equal(store_find_project_by_name(f->store, "application", &project), 1);
        free(project->image);
        project->image = strdup(REPOSITORY);
        assert_non_null(project->image);
        assert_int_equal(store_set_project(f->store, project), 1);
        assert_int_equal(call(f, path, "", "", NULL), 400);
}

static void copy_of_a_bare_call_is_told_by_its_id(void **state) {
        _cleanup_(json_freep) json_t *first = NULL, *again = NULL;
        Header header = { bytes("idempotency-key"), bytes("build 7") };
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;
        char line[128];

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        (void) snprintf(line, sizeof(line), "%s?tag=v1", path);
        assert_int_equal(request(f, "POST", line, &header, 1, "", &first), 202);
        assert_int_equal(request(f, "POST", line, &header, 1, "", &again), 200);
        assert_true(json_equal(json_object_get(first_deploy(first), "id"),
                               json_object_get(first_deploy(again), "id")));
        header.value = bytes("\x01");
        assert_int_equal(request(f, "POST", line, &header, 1, "", NULL), 400);
}

/* POST with that key, and no body. */
static int call_id(Fixture *f, const char *path, const char *query, const char *id, json_t **ret_json) {
        Header header = { bytes("idempotency-key"), bytes(id) };
        char line[128];

        (void) snprintf(line, sizeof(line), "%s%s", path, query);
        return request(f, "POST", line, &header, 1, "", ret_json);
}

static void copy_of_a_call_without_a_tag_means_the_tag_of_the_first(void **state) {
        _cleanup_(json_freep) json_t *first = NULL, *again = NULL, *other = NULL, *fresh = NULL;
        _cleanup_free_ char *path = NULL, *fresh_path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v1\"}", NULL), 202);
        assert_int_equal(call_id(f, path, "", "build 7", &first), 202);
        assert_deploys(first, REPOSITORY ":v1");
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v2\"}", NULL), 202);

        /* What waited was put aside by the newer push, and a redelivery of that deploys once more: the same tag. */
        assert_int_equal(call_id(f, path, "", "build 7", &again), 202);
        assert_deploys(again, REPOSITORY ":v1");
        assert_int_equal(call_id(f, path, "", "build 7", NULL), 200);

        /* Another key, and the same key of another hook, are another call. */
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v3\"}", NULL), 202);
        assert_int_equal(call_id(f, path, "", "build 8", &other), 202);
        assert_deploys(other, REPOSITORY ":v3");
        fresh_path = make_hook(f, "shop-2", SIGNATURE_RULE_NONE, true);
        assert_int_equal(call_id(f, fresh_path, "", "build 7", &fresh), 202);
        assert_deploys(fresh, REPOSITORY ":v3");
}

static void copy_of_a_call_without_a_tag_is_answered_with_its_deploy_whatever_was_pushed_since(
                void **state) {
        _cleanup_(json_freep) json_t *first = NULL, *again = NULL;
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;
        uint64_t id;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v1\"}", NULL), 202);
        assert_int_equal(call_id(f, path, "", "build 7", &first), 202);
        id = (uint64_t) json_integer_value(json_object_get(first_deploy(first), "id"));
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v2\"}", NULL), 202);
        assert_int_equal(call_id(f, path, "", "build 7", &again), 200);
        assert_int_equal(json_integer_value(json_object_get(first_deploy(again), "id")), id);
        assert_int_equal(count(f, DEPLOY_QUEUED), 1);
}

/* One job of a CI may push several images, and has one number. */
static void key_counts_with_the_tag_that_it_came_with(void **state) {
        static const char *const queries[] = { "?tag=v1", "?tag=v2" };
        _cleanup_(json_freep) json_t *last = NULL;
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        for (size_t i = 0; i < ELEMENTSOF(queries); i++) {
                assert_int_equal(call_id(f, path, queries[i], "build 7", NULL), 202);
                assert_int_equal(call_id(f, path, queries[i], "build 7", NULL), 200);
        }

        /* A tag that was named is not what a call without one meant. */
        assert_int_equal(call_id(f, path, "?tag=v1", "build 7", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v3\"}", NULL), 202);
        assert_int_equal(call_id(f, path, "", "build 7", &last), 202);
        assert_deploys(last, REPOSITORY ":v3");
}

static void tag_of_a_call_is_forgotten_with_its_hook_and_by_a_trial(void **state) {
        Header header = { bytes("idempotency-key"), bytes("build 7") };
        Request q = { .method = bytes("POST"),
                      .path = bytes(""),
                      .body = bytes(""),
                      .headers = &header,
                      .n_headers = 1 };
        _cleanup_free_ char *path = NULL, *tag = NULL;
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v1\"}", NULL), 202);
        assert_int_equal(delivery_try(f->delivery, hooks_find(f->hooks, "shop"), &q, &trial), 0);
        assert_int_equal(trial.answer.status, 202);
        assert_int_equal(store_find_bare_call(f->store, "shop", "build 7", &tag), 0);

        assert_int_equal(call_id(f, path, "", "build 7", NULL), 202);
        assert_int_equal(store_find_bare_call(f->store, "shop", "build 7", &tag), 1);
        assert_string_equal(tag, "v1");
        assert_int_equal(hooks_remove(f->hooks, "shop"), 0);
        assert_int_equal(store_find_bare_call(f->store, "shop", "build 7", &tag), 0);
}

/* As systemd hands over the key of a hook. */
static void write_key(const char *folder, const char *name) {
        char path[96];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(KEY "\n", file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void required_signature_is_that_of_the_empty_body(void **state) {
        static const char wrong[] =
                        "sha256=0000000000000000000000000000000000000000000000000000000000000000";
        Header header = { bytes("x-hub-signature-256"), bytes("sha256=" HEX) };
        char folder[] = "/tmp/bare-XXXXXX", line[128], key[96];
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        assert_non_null(mkdtemp(folder));
        write_key(folder, "signing-key.shop");
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
        path = make_hook(f, "shop", SIGNATURE_RULE_REQUIRED, true);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        (void) snprintf(key, sizeof(key), "%s/signing-key.shop", folder);
        assert_int_equal(unlink(key) | rmdir(folder), 0);

        (void) snprintf(line, sizeof(line), "%s?tag=v1", path);
        assert_int_equal(request(f, "POST", line, NULL, 0, "", NULL), 401);
        assert_int_equal(request(f, "POST", line, &header, 1, "{}", NULL), 401);
        assert_int_equal(request(f, "POST", line, &header, 1, "", NULL), 202);
        header.value = bytes(wrong);
        assert_int_equal(request(f, "POST", line, &header, 1, "", NULL), 401);
}

/* A trial is what a delivery is, and tests a bare hook with an empty file. */
static void trial_of_nothing_tells_what_would_be_deployed(void **state) {
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        Request q = { .method = bytes("POST"), .path = bytes(""), .body = bytes("") };
        _cleanup_free_ char *path = NULL;
        Fixture *f = *state;

        path = make_hook(f, "shop", SIGNATURE_RULE_NONE, true);
        assert_int_equal(post(f, "{\"image\":\"" REPOSITORY ":v1\"}", NULL), 202);
        assert_int_equal(delivery_try(f->delivery, hooks_find(f->hooks, "shop"), &q, &trial), 0);
        assert_int_equal(trial.answer.status, 202);
        assert_string_equal(trial.provider, "bare");
        assert_int_equal(trial.n, 1);
        assert_string_equal(trial.pushes[0].image, REPOSITORY ":v1");
        assert_string_equal(trial.pushes[0].outcome, "joined");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(call_without_a_body_deploys_the_tag_that_was_pushed_last),
                TEST(digest_of_the_last_push_is_left_away),
                TEST(tag_of_the_query_is_what_is_meant_whatever_the_body),
                TEST(tag_that_cannot_be_known_is_refused_with_the_way_out),
                TEST(hook_that_was_not_made_for_it_takes_no_bare_call),
                TEST(stranger_learns_nothing_of_a_query),
                TEST(body_without_a_query_is_read_as_ever),
                TEST(push_of_a_repository_that_the_project_had_before_is_not_the_last),
                TEST(copy_of_a_bare_call_is_told_by_its_id),
                TEST(copy_of_a_call_without_a_tag_means_the_tag_of_the_first),
                TEST(copy_of_a_call_without_a_tag_is_answered_with_its_deploy_whatever_was_pushed_since),
                TEST(key_counts_with_the_tag_that_it_came_with),
                TEST(tag_of_a_call_is_forgotten_with_its_hook_and_by_a_trial),
                TEST(required_signature_is_that_of_the_empty_body),
                TEST(trial_of_nothing_tells_what_would_be_deployed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
