/* SPDX-License-Identifier: MIT */
/* GET of a deploy: what is told of it, and to whom. */
#include <inttypes.h>

#include "delivery-fixture.h"
#include "shared/name.h"
#include "shared/utf8.h"
#include "webhookd/delivery/outcome.h"

#define IMAGE "a.example/team/app:v1"

/* GET of that deploy through the hook of that path. */
static int get(Fixture *f, const char *path, uint64_t id, const char *query, json_t **ret_json) {
        char line[256];

        (void) snprintf(line, sizeof(line), "%s/deploys/%" PRIu64 "%s", path, id, query);
        return request(f, "GET", line, NULL, 0, "", ret_json);
}

static uint64_t push(Fixture *f, const char *image) {
        _cleanup_(json_freep) json_t *j = NULL;
        char body[256];

        (void) snprintf(body, sizeof(body), "{\"image\":\"%s\"}", image);
        assert_int_equal(post(f, body, &j), 202);
        return (uint64_t) json_get_int(first_deploy(j), "id", 0);
}

static char *make_hook(Fixture *f, const char *name, char *image) {
        char *images[] = { image, NULL }, *path = NULL;
        const Hook *hook;

        assert_int_equal(hooks_create(f->hooks, name, images, SIGNATURE_RULE_NONE, false, &hook), 0);
        assert_int_equal(secret_path(&hook->secret, &path), 0);
        return path;
}

static void assert_text(json_t *deploy, const char *key, const char *text) {
        if (text)
                assert_string_equal(strempty(json_get_string(deploy, key)), text);
        else
                assert_true(json_is_null(json_object_get(deploy, key)));
}

static void deploy_is_told_from_the_queue_to_its_end(void **state) {
        _cleanup_(json_freep) json_t *queued = NULL, *running = NULL, *done = NULL;
        Fixture *f = *state;
        uint64_t id = push(f, IMAGE), again = 0;
        json_t *deploy;

        assert_int_equal(get(f, f->path, id, "", &queued), 202);
        deploy = json_object_get(queued, "deploy");
        assert_int_equal(json_get_int(deploy, "id", 0), id);
        assert_text(deploy, "project", "app");
        assert_text(deploy, "stage", "dev");
        assert_text(deploy, "image", IMAGE);
        assert_text(deploy, "state", "queued");
        assert_text(deploy, "reason", "");
        assert_text(deploy, "path", "/deploys/1");
        for (size_t i = 0; i < 7; i++)
                assert_text(deploy,
                            (const char *[]){ "digest", "phase", "progress", "next_attempt", "started_at",
                                              "finished_at", "superseded_by" }[i],
                            NULL);
        assert_int_equal(json_get_int(deploy, "attempts", -1), 0);
        assert_true(json_get_int(deploy, "queued_at", 0) > 0);
        assert_int_equal(f->n_open, 1);
        assert_int_equal(f->open[0], id);

        assert_int_equal(store_start_deploy(f->store, id), 1);
        progress_note(&f->progress, id, "pulling", "42%");
        assert_int_equal(get(f, f->path, id, "", &running), 202);
        deploy = json_object_get(running, "deploy");
        assert_text(deploy, "state", "running");
        assert_text(deploy, "phase", "pulling");
        assert_text(deploy, "progress", "42%");
        assert_int_equal(json_get_int(deploy, "attempts", -1), 1);

        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &again), 1);
        assert_int_equal(get(f, f->path, id, "", &done), 200);
        deploy = json_object_get(done, "deploy");
        assert_text(deploy, "state", "succeeded");
        assert_text(deploy, "phase", NULL);
        assert_true(json_get_int(deploy, "finished_at", 0) > 0);
        assert_int_equal(f->n_open, 0);
}

static void deploy_that_did_not_come_up_is_424_with_its_reason(void **state) {
        static const DeployState states[] = { DEPLOY_FAILED, DEPLOY_ROLLED_BACK, DEPLOY_CANCELLED };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                _cleanup_(json_freep) json_t *j = NULL;
                char detail[128];
                uint64_t id, again;

                id = push(f, IMAGE);
                assert_int_equal(store_start_deploy(f->store, id), 1);
                assert_int_equal(store_finish_deploy(f->store, id, states[i],
                                                     "exit status 3; last lines: no such table | giving up",
                                                     &again),
                                 1);
                assert_int_equal(get(f, f->path, id, "", &j), 424);
                assert_string_equal(json_get_string(j, "error"), "deploy-failed");
                (void) snprintf(detail, sizeof(detail),
                                "deploy %" PRIu64
                                " of app/dev %s: exit status 3; last lines: no such table | giving up",
                                id, deploy_state_to_string(states[i]));
                assert_string_equal(json_get_string(j, "detail"), detail);
                assert_text(json_object_get(j, "deploy"), "reason",
                            "exit status 3; last lines: no such table | giving up");
        }
}

/* The longest that there is, of characters with two bytes each. */
static char *longest_reason(void) {
        char *reason = calloc(1, REASON_MAX + 1);

        assert_non_null(reason);
        for (size_t i = 0; i + 1 < REASON_MAX; i += 2)
                memcpy(reason + i, "\xc3\xa9", 2);
        return reason;
}

static void longest_reason_of_the_longest_names_is_told_whole(void **state) {
        _cleanup_free_ char *reason = longest_reason();
        _cleanup_(json_freep) json_t *j = NULL;
        char name[NAME_MAX_LENGTH + 1], image[128];
        uint64_t id, again;
        Fixture *f = *state;
        int64_t project, stage;

        memset(name, 'n', NAME_MAX_LENGTH);
        name[NAME_MAX_LENGTH] = '\0';
        (void) snprintf(image, sizeof(image), "a.example/team/%s", name);
        assert_int_equal(
                        store_create_project(f->store, &(Project){ .name = name, .image = image }, &project),
                        0);
        assert_int_equal(store_create_stage(f->store,
                                            &(Stage){ .project_id = project,
                                                      .name = name,
                                                      .tag_pattern = (char[]){ "*" },
                                                      .auto_deploy = true,
                                                      .max_instances = 1 },
                                            &stage),
                         0);
        id = push(f, image);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_ROLLED_BACK, reason, &again), 1);
        assert_int_equal(get(f, f->path, id, "", &j), 424);
        assert_text(json_object_get(j, "deploy"), "reason", reason);
        assert_non_null(strstr(json_get_string(j, "detail"), reason));
}

/* So that those who wait for many cannot make the daemon take any amount of memory. */
static void reasons_of_many_deploys_are_cut_between_two_characters(void **state) {
        _cleanup_free_ char *reason = longest_reason();
        _cleanup_(json_freep) json_t *told = json_pack("{s:[]}", "deploys");
        Answer answer = { .status = 200 };
        Fixture *f = *state;
        size_t length = 0;

        f->config.auto_create_max = DEPLOYS_TOLD_MAX;
        for (unsigned i = 0; i < DEPLOYS_TOLD_MAX; i++) {
                uint64_t again, id;
                char image[64];

                (void) snprintf(image, sizeof(image), "a.example/team/n%u:v1", i);
                id = push(f, image);
                assert_int_equal(store_start_deploy(f->store, id), 1);
                assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_FAILED, reason, &again), 1);
                assert_int_equal(json_array_append_new(json_object_get(told, "deploys"), outcome_stub(id)),
                                 0);
        }

        answer.deploys = json_incref(told);
        delivery_refresh(f->delivery, &answer, f->open, &f->n_open);
        assert_int_equal(answer.status, 424);
        /* The first one's is told whole beside them. */
        assert_non_null(strstr(answer.body, reason));
        answer_done(&answer);
        for (size_t i = 0; i < DEPLOYS_TOLD_MAX; i++) {
                const char *cut = json_get_string(json_array_get(json_object_get(told, "deploys"), i),
                                                  "reason");

                assert_non_null(cut);
                assert_null(utf8_find_bad(cut));
                assert_int_equal(strncmp(reason, cut, strlen(cut)), 0);
                length += strlen(cut);
        }
        assert_in_range(length, 32 * 1024, 64 * 1024);
}

static void deploy_that_a_newer_push_put_aside_is_no_failure_and_says_so(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;
        uint64_t id = push(f, IMAGE), newer = push(f, "a.example/team/app:v2");

        assert_int_equal(get(f, f->path, id, "", &j), 200);
        assert_text(json_object_get(j, "deploy"), "state", "superseded");
        assert_int_equal(json_get_int(json_object_get(j, "deploy"), "superseded_by", 0), newer);
}

/* The one 404, which has no body of its own. */
static void assert_not_found(Fixture *f, const char *method, const char *path, const char *tail) {
        char line[256];
        Request q = { .method = bytes(method), .body = bytes(""), .remote = "192.0.2.1" };
        Answer answer;

        (void) snprintf(line, sizeof(line), "%s%s", path, tail);
        q.path = bytes(line);
        delivery_handle(f->delivery, &q, &answer);
        if (answer.deploys)
                delivery_refresh(f->delivery, &answer, f->open, &f->n_open);
        assert_int_equal(answer.status, 404);
        assert_null(answer.body);
        assert_null(answer.deploys);
        assert_null(answer.allow);
        answer_done(&answer);
}

static void hook_sees_deploys_of_its_images_alone(void **state) {
        _cleanup_free_ char *path = NULL, *other = NULL;
        Fixture *f = *state;
        uint64_t id = push(f, IMAGE);

        path = make_hook(f, "shop", (char[]){ "a.example/team/*" });
        other = make_hook(f, "blog", (char[]){ "a.example/blog" });
        assert_int_equal(get(f, f->path, id, "", NULL), 202);
        assert_int_equal(get(f, path, id, "", NULL), 202);
        assert_not_found(f, "GET", other, "/deploys/1");
        assert_not_found(f, "GET", other, "/deploys/2");
        assert_not_found(f, "GET", path, "/deploys/2");
        assert_not_found(f, "GET", path, "/deploys/x");
        assert_not_found(f, "GET", "/api/webhook/8d0f5a52-0a6e-4d1e-9c3f-2f4b6d1f9a10", "/deploys/1");
        assert_not_found(f, "POST", "/api/webhook/8d0f5a52-0a6e-4d1e-9c3f-2f4b6d1f9a10", "/deploys/1");
}

/* Whoever asked in the turn of the push must not be told of what did not get to the disk. */
static void deploy_whose_commit_failed_was_never_there(void **state) {
        char line[128], body[] = "{\"image\":\"" IMAGE "\"}";
        Fixture *f = *state;
        Request push_it = { .method = bytes("POST"),
                            .path = bytes(f->path),
                            .body = bytes(body),
                            .remote = "192.0.2.1" },
                ask = { .method = bytes("GET"), .body = bytes(""), .remote = "192.0.2.1" };
        Answer pushed, asked;

        (void) snprintf(line, sizeof(line), "%s/deploys/1", f->path);
        ask.path = bytes(line);
        delivery_handle(f->delivery, &push_it, &pushed);
        assert_int_equal(pushed.status, 202);
        delivery_handle(f->delivery, &ask, &asked);
        assert_non_null(asked.deploys);
        assert_int_equal(store_rollback(f->store), 0);
        outbox_drop(f->outbox);
        delivery_refresh(f->delivery, &asked, f->open, &f->n_open);
        assert_int_equal(asked.status, 404);
        assert_int_equal(f->n_open, 0);
        answer_done(&pushed);
        answer_done(&asked);
}

static void deploy_is_read_by_get_and_by_nothing_else(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;
        uint64_t id = push(f, IMAGE);
        char line[128];

        (void) snprintf(line, sizeof(line), "%s/deploys/%" PRIu64, f->path, id);
        assert_int_equal(request(f, "POST", line, NULL, 0, "{\"image\":\"a.example/team/app:v2\"}", &j),
                         405);
        assert_string_equal(json_get_string(j, "detail"), "use GET");
        assert_int_equal(request(f, "HEAD", line, NULL, 0, "", NULL), 405);
        assert_int_equal(count(f, DEPLOY_QUEUED), 1);
}

static void wait_of_a_get_is_what_its_query_says(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        Fixture *f = *state;
        uint64_t id = push(f, IMAGE);

        assert_int_equal(get(f, f->path, id, "?wait=50&x=y", NULL), 202);
        assert_int_equal(f->wait_usec, 50 * USEC_PER_SEC);
        assert_int_equal(get(f, f->path, id, "?x=y", NULL), 202);
        assert_int_equal(f->wait_usec, 0);
        assert_int_equal(get(f, f->path, id, "?wait=901", &j), 400);
        assert_string_equal(json_get_string(j, "detail"),
                            "wait in the query is a number of seconds, 0 to 900");
        assert_int_equal(f->wait_usec, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(deploy_is_told_from_the_queue_to_its_end),
                TEST(deploy_that_did_not_come_up_is_424_with_its_reason),
                TEST(longest_reason_of_the_longest_names_is_told_whole),
                TEST(reasons_of_many_deploys_are_cut_between_two_characters),
                TEST(deploy_that_a_newer_push_put_aside_is_no_failure_and_says_so),
                TEST(hook_sees_deploys_of_its_images_alone),
                TEST(deploy_whose_commit_failed_was_never_there),
                TEST(deploy_is_read_by_get_and_by_nothing_else),
                TEST(wait_of_a_get_is_what_its_query_says),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
