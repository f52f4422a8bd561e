/* SPDX-License-Identifier: MIT */
/* Trials beside deliveries, on a store in a file: the same answers, and afterwards not one other byte. */
#include <fcntl.h>
#include <stdio.h>

#include "shared/conf/read-file.h"
#include "shared/json.h"
#include "unit.h"
#include "webhookd/delivery/context.h"
#include "webhookd/delivery/delivery-internal.h"

#define FILE_MAX (16U * 1024U * 1024U)

typedef struct TrialFixture {
        char folder[40];
        char path[64];
        Store *store;
        Outbox *outbox;
        Hooks *hooks;
        Delivery *delivery;
        WebhookConfig config;
        Progress progress;
        unsigned n_notices;
} TrialFixture;

static void count_notice(const Notice *notice, void *userdata) {
        TrialFixture *f = userdata;

        (void) notice;

        f->n_notices++;
}

static void start(TrialFixture *f, SignatureRule rule) {
        assert_int_equal(hooks_new(f->store, rule, &f->hooks), 0);
        assert_int_equal(delivery_new(f->store, f->hooks, &f->config, f->outbox, &f->progress, &f->delivery),
                         0);
}

static void stop(TrialFixture *f) {
        f->delivery = delivery_free(f->delivery);
        f->hooks = hooks_free(f->hooks);
}

static int setup(void **state) {
        TrialFixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/tinyforge-trial.XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof(f->path), "%s/tinyforge.db", f->folder);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->folder, 1), 0);
        f->config = (WebhookConfig){ .auto_create = true, .auto_create_max = 100, .max_queued = 1000 };
        assert_int_equal(store_open(f->path, &f->store), 0);
        assert_int_equal(outbox_new(count_notice, f, &f->outbox), 0);
        start(f, SIGNATURE_RULE_OPTIONAL);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        static const char *const names[] = { "tinyforge.db", "tinyforge.db-wal", "signing-key" };
        TrialFixture *f = *state;
        char path[96];

        stop(f);
        outbox_free(f->outbox);
        store_free(f->store);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
                (void) unlink(path);
        }
        assert_int_equal(rmdir(f->folder), 0);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        free(f);
        return 0;
}

static Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

static Request request_of(const char *body, const Header *headers, size_t n_headers) {
        return (Request){
                .method = bytes("POST"),
                .path = bytes("/"),
                .body = bytes(body),
                .headers = headers,
                .n_headers = n_headers,
                .remote = "192.0.2.1",
        };
}

static void try_it(TrialFixture *f, const Request *request, Trial *ret) {
        assert_int_equal(delivery_try(f->delivery, hooks_at(f->hooks, 0), request, ret), 0);
        assert_int_equal(outbox_length(f->outbox), 0);
}

/* The delivery itself, on disk and told when this returns. */
static void deliver(TrialFixture *f, const Request *request, Answer *ret) {
        *ret = (Answer){ 0 };
        delivery_handle_known(f->delivery, hooks_at(f->hooks, 0), request, 1, ret);
        if (store_is_open(f->store))
                assert_int_equal(store_commit(f->store), 0);
        (void) outbox_flush(f->outbox);
}

static void post(TrialFixture *f, const char *body) {
        const Request request = request_of(body, NULL, 0);
        Answer answer;

        deliver(f, &request, &answer);
        assert_int_equal(answer.status, 202);
        answer_done(&answer);
}

/* The store's files, one behind the other. */
static char *read_store(TrialFixture *f, size_t *ret_length) {
        static const char *const suffixes[] = { "", "-wal" };
        char *all = NULL;
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                _cleanup_free_ char *part = NULL;
                _cleanup_close_ int fd = -1;
                char path[96];
                size_t length = 0;

                (void) snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                assert_true(fd >= 0);
                assert_int_equal(read_whole(fd, FILE_MAX, &part, &length), 0);
                all = realloc(all, n + length + 1);
                assert_non_null(all);
                memcpy(all + n, part, length);
                n += length;
        }

        *ret_length = n;
        return all;
}

/* An answer without the ids of its deploys: those of a trial are nobody's. */
static char *without_ids(const char *body) {
        _cleanup_(json_freep) json_t *j = NULL;
        char *text = NULL;
        JsonError error;
        json_t *deploy;
        size_t i;

        if (!body)
                return NULL;

        assert_int_equal(json_decode(body, strlen(body), &j, &error), 0);
        json_array_foreach(json_object_get(j, "deploys"), i, deploy) {
                assert_int_equal(json_object_set_new(deploy, "id", json_null()), 0);
                assert_int_equal(json_object_set_new(deploy, "path", json_null()), 0);
        }
        assert_int_equal(json_encode(j, &text), 0);
        return text;
}

static const char *const bodies[] = {
        "{\"image\":\"a.example/shop:v1\"}",
        "{\"image\":\"a.example/shop:v1\"}", /* joins */
        "{\"image\":\"a.example/shop:v2\"}", /* supersedes */
        "[{\"image\":\"a.example/one:1\"},{\"image\":\"a.example/two:1\"},{\"image\":\"a.example/one:1\"}]",
        "{\"push_data\":{\"tag\":\"\"},\"repository\":{\"repo_name\":\"acme/shop\"}}",
        "{\"image\":7}",
        "{\"image\":",
        "[]",
};

static void assert_nothing_noted(const TrialFixture *f) {
        for (size_t i = 0; i < REFUSAL_BUDGETS_MAX; i++) {
                assert_int_equal(f->delivery->refusals.budgets[i].logged_at, 0);
                assert_int_equal(f->delivery->refusals.budgets[i].n_unlogged, 0);
        }
}

static void trial_answers_as_the_delivery_and_changes_no_byte(void **state) {
        TrialFixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                const Request request = request_of(bodies[i], NULL, 0);
                _cleanup_free_ char *before = NULL, *after = NULL, *tried = NULL, *delivered = NULL;
                _cleanup_(answer_done) Answer answer = { 0 };
                _cleanup_(trial_done) Trial trial = { .n = 0 };
                size_t n_before, n_after;
                unsigned n_notices = f->n_notices;

                before = read_store(f, &n_before);
                try_it(f, &request, &trial);
                after = read_store(f, &n_after);
                assert_int_equal(n_before, n_after);
                assert_memory_equal(before, after, n_before);
                assert_false(store_is_open(f->store));
                assert_int_equal(f->n_notices, n_notices);
                assert_nothing_noted(f);

                deliver(f, &request, &answer);
                assert_int_equal(trial.answer.status, answer.status);
                tried = without_ids(trial.answer.body);
                delivered = without_ids(answer.body);
                assert_string_equal(tried, delivered);
                f->delivery->refusals = (Refusals){ 0 };
        }
}

static void assert_push(const TrialPush *push, const char *image, const char *project, const char *outcome,
                        const char *reason, bool creates) {
        assert_string_equal(push->image, image);
        assert_string_equal(push->project, project);
        assert_string_equal(push->stage, isempty(project) ? "" : "dev");
        assert_string_equal(push->outcome, outcome);
        assert_string_equal(push->reason, reason);
        assert_int_equal(push->creates_project, creates);
}

static void trial_says_of_each_push_what_would_become_of_it(void **state) {
        static const char body[] = "[{\"image\":\"a.example/shop:v1\"},{\"image\":\"a.example/new:1\"},"
                                   "{\"image\":\"a.example/new:1@sha256:"
                                   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"},"
                                   "{\"push_data\":{},\"repository\":{\"repo_name\":\"acme/shop\"}}]";
        const Request request = request_of(body, NULL, 0);
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        TrialFixture *f = *state;

        post(f, "{\"image\":\"a.example/shop:v1\"}");
        try_it(f, &request, &trial);
        assert_string_equal(trial.provider, "generic");
        assert_int_equal(trial.n, 4);
        assert_push(&trial.pushes[0], "a.example/shop:v1", "shop", "joined", "", false);
        assert_push(&trial.pushes[1], "a.example/new:1", "new", "queued", "", true);
        assert_string_equal(trial.pushes[2].project, "new");
        assert_true(trial.pushes[2].creates_project);
        assert_push(&trial.pushes[3], "docker.io/acme/shop", "", "ignored", "untagged", false);
}

static void trial_tells_the_ids_of_deploys_that_there_are_alone(void **state) {
        const Request request = request_of(
                        "[{\"image\":\"a.example/shop:v1\"},{\"image\":\"a.example/new:1\"}]", NULL, 0);
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        _cleanup_(json_freep) json_t *j = NULL;
        TrialFixture *f = *state;
        JsonError error;
        json_t *deploys;

        post(f, "{\"image\":\"a.example/shop:v1\"}");
        try_it(f, &request, &trial);
        assert_int_equal(json_decode(trial.answer.body, strlen(trial.answer.body), &j, &error), 0);
        deploys = json_object_get(j, "deploys");
        assert_int_equal(json_get_int(json_array_get(deploys, 0), "id", -1), 1);
        assert_true(json_is_null(json_object_get(json_array_get(deploys, 1), "id")));
}

/* A request of this turn has been handled, and its commit is still to come. */
static void trial_leaves_an_open_turn_as_it_is(void **state) {
        const Request first = request_of("{\"image\":\"a.example/first:1\"}", NULL, 0),
                      second = request_of("{\"image\":\"a.example/second:1\"}", NULL, 0);
        _cleanup_(answer_done) Answer answer = { 0 };
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        TrialFixture *f = *state;
        uint64_t n = 0;
        size_t told;

        delivery_handle_known(f->delivery, hooks_at(f->hooks, 0), &first, 1, &answer);
        assert_true(store_is_open(f->store));
        told = outbox_length(f->outbox);
        assert_int_equal(delivery_try(f->delivery, hooks_at(f->hooks, 0), &second, &trial), 0);
        assert_int_equal(trial.answer.status, 202);
        assert_true(store_is_open(f->store));
        assert_int_equal(outbox_length(f->outbox), told);

        assert_int_equal(store_commit(f->store), 0);
        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(store_count_deploys(f->store, DEPLOY_QUEUED, &n), 0);
        assert_int_equal(n, 1);
}

static void trial_makes_nothing_available(void **state) {
        const Request request = request_of("{\"image\":\"a.example/shop:v2\"}", NULL, 0);
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        _cleanup_(stage_freep) Stage *stage = NULL, *after = NULL;
        TrialFixture *f = *state;

        post(f, "{\"image\":\"a.example/shop:v1\"}");
        assert_int_equal(store_find_stage(f->store, "shop", "dev", &stage), 1);
        stage->auto_deploy = false;
        assert_true(store_set_stage(f->store, stage) >= 0);
        try_it(f, &request, &trial);
        assert_push(&trial.pushes[0], "a.example/shop:v2", "shop", "ignored", "auto-deploy-off", false);
        assert_int_equal(store_find_stage(f->store, "shop", "dev", &after), 1);
        assert_null(after->available);
}

static void trial_of_a_full_queue_is_refused(void **state) {
        const Request request = request_of("{\"image\":\"a.example/two:1\"}", NULL, 0);
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        TrialFixture *f = *state;

        f->config.max_queued = 1;
        post(f, "{\"image\":\"a.example/one:1\"}");
        try_it(f, &request, &trial);
        assert_int_equal(trial.answer.status, 503);
        assert_false(store_is_open(f->store));
}

static void trial_says_what_a_signature_is(void **state) {
        static const struct {
                SignatureRule rule;
                bool has_key;
                const char *token; /* NULL: none is sent */
                int status;
                const char *signature;
        } cases[] = {
                { SIGNATURE_RULE_OPTIONAL, false, "key", 202, "unchecked" },
                { SIGNATURE_RULE_REQUIRED, false, "key", 401, "unchecked" },
                { SIGNATURE_RULE_NONE, true, "other", 202, "unchecked" },
                { SIGNATURE_RULE_OPTIONAL, true, NULL, 202, "missing" },
                { SIGNATURE_RULE_OPTIONAL, true, "key", 202, "right" },
                { SIGNATURE_RULE_OPTIONAL, true, "other", 401, "wrong" },
                { SIGNATURE_RULE_REQUIRED, true, NULL, 401, "missing" },
        };
        TrialFixture *f = *state;
        char path[64];

        (void) snprintf(path, sizeof(path), "%s/signing-key", f->folder);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Header header = { bytes("x-gitlab-token"), bytes(strempty(cases[i].token)) };
                const Request request = request_of(bodies[0], &header, cases[i].token ? 1 : 0);
                _cleanup_(trial_done) Trial trial = { .n = 0 };

                (void) unlink(path);
                if (cases[i].has_key) {
                        FILE *file = fopen(path, "we");

                        assert_non_null(file);
                        assert_true(fputs("key\n", file) >= 0 && fclose(file) == 0);
                }
                stop(f);
                start(f, cases[i].rule);
                try_it(f, &request, &trial);
                assert_int_equal(trial.answer.status, cases[i].status);
                assert_string_equal(trial_signature(&trial), cases[i].signature);
                assert_int_equal(trial.n, cases[i].status == 202 ? 1 : 0);
                assert_nothing_noted(f);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(trial_answers_as_the_delivery_and_changes_no_byte),
                TEST(trial_says_of_each_push_what_would_become_of_it),
                TEST(trial_tells_the_ids_of_deploys_that_there_are_alone),
                TEST(trial_leaves_an_open_turn_as_it_is),
                TEST(trial_makes_nothing_available),
                TEST(trial_of_a_full_queue_is_refused),
                TEST(trial_says_what_a_signature_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
