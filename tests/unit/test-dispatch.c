/* SPDX-License-Identifier: MIT */
/*
 * The queue's way to the deployer and back, over two ends of a socketpair: the real Dispatch, the real proxy and the real
 * store on one side, an object that answers as it is told on the other.
 */
#include "webhookd/dispatch.h"

#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "shared/errors.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "unit.h"

#define CALLS_MAX 16U
#define DIGEST    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct Call {
        sd_bus_message *message; /* held until it is answered */
        uint64_t id;
        char stage[64];
        char image[128];
} Call;

typedef struct Fixture {
        sd_event *event;
        sd_bus *client, *server;
        sd_bus_slot *slot;
        Store *store;
        Outbox *outbox;
        Deployer *deployer;
        Dispatch *dispatch;
        Call calls[CALLS_MAX];
        unsigned n_calls;
        unsigned n_events[_EVENT_MAX];
        unsigned n_succeeded;
        int64_t project_id;
        uint64_t cancelled;
} Fixture;

static void on_notice(const Notice *notice, void *userdata) {
        Fixture *f = userdata;

        f->n_events[notice->event]++;
}

static void on_changed(void *userdata) {
        Fixture *f = userdata;

        (void) outbox_flush(f->outbox);
}

static void on_succeeded(const Deploy *deploy, void *userdata) {
        Fixture *f = userdata;

        assert_string_equal(deploy->project, "app");
        f->n_succeeded++;
}

static void on_resolved(uint64_t deploy, const char *digest, void *userdata) {
        Fixture *f = userdata;

        dispatch_resolved(f->dispatch, deploy, digest);
}

static int method_trigger_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *image, *key;
        Fixture *f = userdata;
        Call *call;

        (void) error;

        assert_true(f->n_calls < CALLS_MAX);
        call = &f->calls[f->n_calls++];
        assert_true(sd_bus_message_read(message, "sss", &project, &stage, &image) >= 0);
        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") > 0);
        assert_true(sd_bus_message_enter_container(message, 'e', "sv") > 0);
        assert_true(sd_bus_message_read(message, "s", &key) >= 0);
        assert_string_equal(key, OPTION_DEPLOY_ID);
        assert_true(sd_bus_message_read(message, "v", "t", &call->id) >= 0);
        (void) snprintf(call->stage, sizeof(call->stage), "%s", stage);
        (void) snprintf(call->image, sizeof(call->image), "%s", image);
        call->message = sd_bus_message_ref(message);
        return 1;
}

static int method_cancel_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *store;
        Fixture *f = userdata;

        (void) error;

        assert_true(sd_bus_message_read(message, "st", &store, &f->cancelled) >= 0);
        return sd_bus_reply_method_return(message, "");
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("TriggerDeploy", "sssa{sv}", "sss", method_trigger_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelDeploy", "st", "", method_cancel_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void connect_ends(Fixture *f) {
        int fds[2];
        sd_id128_t id;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(sd_id128_randomize(&id), 0);

        assert_true(sd_bus_new(&f->server) >= 0);
        assert_true(sd_bus_set_fd(f->server, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_set_server(f->server, 1, id) >= 0);
        assert_true(sd_bus_set_anonymous(f->server, 1) >= 0);
        assert_true(sd_bus_set_trusted(f->server, 1) >= 0);
        assert_true(sd_bus_start(f->server) >= 0);
        assert_true(sd_bus_add_object_vtable(f->server, &f->slot, DEPLOYER_PATH, DEPLOYER_INTERFACE, vtable,
                                             f) >= 0);
        assert_true(sd_bus_attach_event(f->server, f->event, 0) >= 0);

        assert_true(sd_bus_new(&f->client) >= 0);
        assert_true(sd_bus_set_fd(f->client, fds[1], fds[1]) >= 0);
        assert_true(sd_bus_set_anonymous(f->client, 1) >= 0);
        assert_true(sd_bus_start(f->client) >= 0);
        assert_true(sd_bus_attach_event(f->client, f->event, 0) >= 0);
}

static void make_dispatch(Fixture *f) {
        static const DispatchHooks hooks = { on_changed, on_succeeded };

        assert_int_equal(
                        dispatch_new(f->event, f->store, f->deployer, f->outbox, 2, &hooks, f, &f->dispatch),
                        0);
}

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        connect_ends(f);
        assert_int_equal(store_open(":memory:", &f->store), 0);
        assert_int_equal(store_create_project(f->store,
                                              &(Project){ .name = (char[]){ "app" },
                                                          .image = (char[]){ "a.example/app" },
                                                          .healthcheck = (char[]){ "" } },
                                              &f->project_id),
                         0);
        assert_int_equal(outbox_new(on_notice, f, &f->outbox), 0);
        assert_int_equal(deployer_new(f->client, on_resolved, f, &f->deployer), 0);
        make_dispatch(f);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        dispatch_free(f->dispatch);
        deployer_free(f->deployer);
        outbox_free(f->outbox);
        store_free(f->store);
        for (unsigned i = 0; i < f->n_calls; i++)
                sd_bus_message_unref(f->calls[i].message);
        sd_bus_slot_unref(f->slot);
        sd_bus_close_unref(f->client);
        sd_bus_close_unref(f->server);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

/* Runs the loop until nothing happens for a moment. */
static void settle(Fixture *f) {
        for (unsigned i = 0; i < 1000; i++)
                if (sd_event_run(f->event, 20 * USEC_PER_MSEC) == 0)
                        return;

        fail_msg("the loop does not come to rest");
}

static uint64_t push(Fixture *f, const char *stage_name, const char *image) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(stage_freep) Stage *stage = NULL;
        int64_t stage_id;

        if (store_find_stage(f->store, "app", stage_name, &stage) > 0)
                stage_id = stage->id;
        else
                assert_int_equal(store_create_stage(f->store,
                                                    &(Stage){ .project_id = f->project_id,
                                                              .name = (char *) (uintptr_t) stage_name,
                                                              .tag_pattern = (char[]){ "*" },
                                                              .auto_deploy = true,
                                                              .max_instances = 1 },
                                                    &stage_id),
                                 0);

        assert_int_equal(store_enqueue(f->store,
                                       &(Enqueue){ .stage_id = stage_id,
                                                   .image = image,
                                                   .source = "webhook",
                                                   .hook = "main",
                                                   .max_queued = 100 },
                                       &result),
                         0);
        return result.deploy_id;
}

static Call *call_of(Fixture *f, uint64_t id) {
        for (unsigned i = f->n_calls; i > 0; i--)
                if (f->calls[i - 1].id == id)
                        return &f->calls[i - 1];

        fail_msg("deploy was not handed to the deployer");
        return NULL;
}

static void answer(Fixture *f, uint64_t id, const char *outcome, const char *detail) {
        assert_true(sd_bus_reply_method_return(call_of(f, id)->message, "sss", outcome, detail, "c0ffee") >=
                    0);
        settle(f);
}

static void answer_error(Fixture *f, uint64_t id, const char *name, const char *text) {
        assert_true(sd_bus_reply_method_errorf(call_of(f, id)->message, name, "%s", text) >= 0);
        settle(f);
}

static void assert_row(Fixture *f, uint64_t id, DeployState state, const char *reason, unsigned attempts) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_int_equal(deploy->state, state);
        assert_int_equal(deploy->attempts, attempts);
        if (reason)
                assert_string_equal(strempty(deploy->reason), reason);
}

static void dispatch_hands_a_queued_row_to_the_deployer(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);
        assert_string_equal(call_of(f, id)->stage, "dev");
        assert_string_equal(call_of(f, id)->image, "a.example/app:v1");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_STARTED], 1);

        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, "", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_SUCCEEDED], 1);
        assert_int_equal(f->n_succeeded, 1);
}

static void dispatch_runs_one_deploy_per_stage_at_a_time(void **state) {
        Fixture *f = *state;
        uint64_t first = push(f, "dev", "a.example/app:v1"), second;

        dispatch_kick(f->dispatch);
        settle(f);
        second = push(f, "dev", "a.example/app:v2");
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);

        answer(f, first, OUTCOME_ROLLED_BACK, "it crashed");
        assert_row(f, first, DEPLOY_ROLLED_BACK, "it crashed", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_ROLLED_BACK], 1);
        assert_int_equal(f->n_calls, 2);
        assert_row(f, second, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_runs_no_more_than_its_limit_at_once(void **state) {
        Fixture *f = *state;
        uint64_t ids[3] = { push(f, "a", "a.example/app:v1"), push(f, "b", "a.example/app:v1"),
                            push(f, "c", "a.example/app:v1") };

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 2);
        assert_row(f, ids[2], DEPLOY_QUEUED, NULL, 0);

        answer(f, ids[1], OUTCOME_UNCHANGED, "");
        assert_int_equal(f->n_calls, 3);
        assert_row(f, ids[2], DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_ends_a_row_whose_error_is_final(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:nope");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_PULL_FAILED, "manifest unknown");
        assert_row(f, id, DEPLOY_FAILED, "PullFailed: manifest unknown", 0);
        assert_int_equal(f->n_events[EVENT_DEPLOY_FAILED], 1);
        assert_int_equal(f->n_calls, 1);
}

static void dispatch_puts_a_row_back_whose_error_may_pass(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_REGISTRY_UNAVAILABLE, "503");
        assert_row(f, id, DEPLOY_QUEUED, NULL, 1);
        assert_int_equal(f->n_events[EVENT_DEPLOY_RETRIED], 1);

        /* Not before its time. */
        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 1);
}

static void dispatch_does_not_count_an_unreachable_engine(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_ENGINE_UNREACHABLE, "no socket");
        assert_row(f, id, DEPLOY_QUEUED, NULL, 0);
}

static void dispatch_gives_up_after_its_attempts(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        for (unsigned i = 0; i < DEPLOY_ATTEMPTS_MAX; i++) {
                /* A new Dispatch remembers no waiting, as after a restart. */
                f->dispatch = dispatch_free(f->dispatch);
                make_dispatch(f);
                dispatch_kick(f->dispatch);
                settle(f);
                assert_int_equal(f->n_calls, i + 1);
                answer_error(f, id, "org.freedesktop.DBus.Error.NoReply", "gone");
        }

        assert_row(f, id, DEPLOY_FAILED, NULL, DEPLOY_ATTEMPTS_MAX);
        assert_int_equal(f->n_events[EVENT_DEPLOY_FAILED], 1);
}

static void dispatch_prefers_a_newer_push_to_waiting(void **state) {
        Fixture *f = *state;
        uint64_t old = push(f, "dev", "a.example/app:v1"), new;

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, old, ERROR_ENGINE_FAILED, "500");
        new = push(f, "dev", "a.example/app:v2");
        dispatch_kick(f->dispatch);
        settle(f);
        assert_row(f, old, DEPLOY_SUPERSEDED, NULL, 1);
        assert_row(f, new, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_calls_again_for_what_a_dead_attempt_left(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        dispatch_resolved(f->dispatch, id, DIGEST);
        assert_int_equal(store_mark_cancel(f->store, id, true), 1);
        f->dispatch = dispatch_free(f->dispatch);
        make_dispatch(f);
        dispatch_resume(f->dispatch);
        settle(f);
        assert_int_equal(f->n_calls, 2);
        assert_int_equal(f->calls[1].id, id);
        assert_string_equal(f->calls[1].image, "a.example/app:v1@" DIGEST);
        assert_int_equal(f->cancelled, id);
        answer(f, id, OUTCOME_SUCCEEDED, "");
        assert_row(f, id, DEPLOY_SUCCEEDED, NULL, 0);
}

static void dispatch_ends_a_row_as_cancelled_when_the_deployer_undid_it(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer_error(f, id, ERROR_CANCELLED, "undone");
        assert_row(f, id, DEPLOY_CANCELLED, "Cancelled: undone", 0);
}

static void dispatch_keeps_a_row_running_when_it_is_stopped(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        dispatch_stop(f->dispatch);
        answer_error(f, id, "org.freedesktop.DBus.Error.NoReply", "gone");
        assert_row(f, id, DEPLOY_RUNNING, NULL, 0);
}

static void dispatch_survives_the_end_of_its_connection(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        sd_bus_close(f->server);
        settle(f);
        assert_row(f, id, DEPLOY_QUEUED, NULL, 1);
}

static void dispatch_does_not_join_a_push_after_the_digest_was_resolved(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:latest");

        dispatch_kick(f->dispatch);
        settle(f);
        assert_int_equal(push(f, "dev", "a.example/app:latest"), id);
        dispatch_resolved(f->dispatch, id, DIGEST);
        assert_true(push(f, "dev", "a.example/app:latest") > id);
}

static void dispatch_refuses_an_outcome_that_does_not_exist(void **state) {
        Fixture *f = *state;
        uint64_t id = push(f, "dev", "a.example/app:v1");

        dispatch_kick(f->dispatch);
        settle(f);
        answer(f, id, "splendid", "");
        assert_row(f, id, DEPLOY_FAILED, NULL, 0);
        assert_int_equal(f->n_succeeded, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(dispatch_hands_a_queued_row_to_the_deployer),
                TEST(dispatch_runs_one_deploy_per_stage_at_a_time),
                TEST(dispatch_runs_no_more_than_its_limit_at_once),
                TEST(dispatch_ends_a_row_whose_error_is_final),
                TEST(dispatch_puts_a_row_back_whose_error_may_pass),
                TEST(dispatch_does_not_count_an_unreachable_engine),
                TEST(dispatch_gives_up_after_its_attempts),
                TEST(dispatch_prefers_a_newer_push_to_waiting),
                TEST(dispatch_calls_again_for_what_a_dead_attempt_left),
                TEST(dispatch_ends_a_row_as_cancelled_when_the_deployer_undid_it),
                TEST(dispatch_keeps_a_row_running_when_it_is_stopped),
                TEST(dispatch_survives_the_end_of_its_connection),
                TEST(dispatch_does_not_join_a_push_after_the_digest_was_resolved),
                TEST(dispatch_refuses_an_outcome_that_does_not_exist),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
