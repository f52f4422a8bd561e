/* SPDX-License-Identifier: MIT */
/* What becomes of a push: its project, its stage, its row, or the reason why it is ignored. */
#include <inttypes.h>
#include <time.h>

#include "delivery-fixture.h"

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

static void any_number_of_repositories_may_have_the_same_name(void **state) {
        Fixture *f = *state;
        char text[64];

        f->config.auto_create_max = 2500;
        for (unsigned i = 0; i < 2000; i++) {
                int64_t id;

                (void) snprintf(text, sizeof(text), i == 0 ? "app" : "app-%u", i + 1);
                assert_int_equal(store_create_project(f->store, &(Project){ .name = text, .image = text },
                                                      &id),
                                 0);
        }
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_(json_freep) json_t *j = NULL;
                char name[64];

                (void) snprintf(text, sizeof(text), "{\"image\":\"%c.example/app:1\"}", (char) ('a' + i));
                (void) snprintf(name, sizeof(name), "app-%u", 2001 + i);
                assert_int_equal(post(f, text, &j), 202);
                assert_string_equal(json_get_string(first_deploy(j), "project"), name);
        }
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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(delivery_of_unknown_image_creates_project_and_deploy),
                TEST(delivery_twice_of_one_new_image_creates_one_project),
                TEST(delivery_of_other_repository_with_same_name_gets_a_number),
                TEST(any_number_of_repositories_may_have_the_same_name),
                TEST(delivery_goes_to_the_first_stage_in_name_order),
                TEST(delivery_with_a_digest_is_for_the_stage_of_its_tag_alone),
                TEST(delivery_of_a_push_that_is_older_than_the_one_before_is_ignored),
                TEST(clock_that_is_ahead_holds_up_no_later_push),
                TEST(delivery_that_no_stage_takes_is_ignored_with_200),
                TEST(delivery_with_auto_deploy_off_is_kept_as_available),
                TEST(delivery_beyond_autocreate_rules_is_ignored),
                TEST(delivery_again_is_answered_with_its_row),
                TEST(delivery_to_a_full_queue_is_503_and_leaves_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
