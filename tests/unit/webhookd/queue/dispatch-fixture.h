/* SPDX-License-Identifier: MIT */
/*
 * The real Dispatch, the real proxy and the real store on one side of a socketpair, and an object that answers as it is told
 * on the other: for the tests of Dispatch.
 */
#pragma once

#include "webhookd/queue/dispatch.h"

#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "counts.h"
#include "shared/bus/errors.h"
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
        bool undo;
} Call;

typedef struct Fixture {
        sd_event *event;
        sd_bus *client, *server;
        sd_bus_slot *slot, *driver_slot, *nonsense_slot;
        Store *store;
        Outbox *outbox;
        Deployer *deployer;
        Dispatch *dispatch;
        Call calls[CALLS_MAX];
        unsigned n_calls;
        unsigned n_events[_EVENT_MAX];
        unsigned n_succeeded;
        unsigned n_lists;
        unsigned n_starts;
        const char *start_error; /* NULL: the deployer runs */
        int64_t project_id;
        uint64_t highest;
        uint64_t foreign; /* of another store */
        bool list_fails;
        const char *nonsense; /* the method whose answer is of another type than promised */
        DispatchLimits limits;
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

static void on_progress(uint64_t deploy, const char *phase, const char *detail, void *userdata) {
        Fixture *f = userdata;

        dispatch_progress(f->dispatch, deploy, phase, detail);
}

/* The id comes first; of the other options one is looked for. */
static void read_options(sd_bus_message *message, Call *call) {
        const char *key;

        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") > 0);
        for (unsigned i = 0; sd_bus_message_enter_container(message, 'e', "sv") > 0; i++) {
                int undo = false;

                assert_true(sd_bus_message_read(message, "s", &key) >= 0);
                if (i == 0) {
                        assert_string_equal(key, OPTION_DEPLOY_ID);
                        assert_true(sd_bus_message_read(message, "v", "t", &call->id) >= 0);
                } else if (streq(key, OPTION_UNDO)) {
                        assert_true(sd_bus_message_read(message, "v", "b", &undo) >= 0);
                        call->undo = undo;
                } else
                        assert_true(sd_bus_message_skip(message, "v") >= 0);
                assert_true(sd_bus_message_exit_container(message) >= 0);
        }
}

static int method_trigger_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *image;
        Fixture *f = userdata;
        Call *call;

        (void) error;

        /* Nobody comes to be by this: the bus has been asked to start it, and was waited for. */
        assert_true(f->n_starts > 0);
        assert_int_equal(sd_bus_message_get_auto_start(message), 0);
        assert_true(f->n_calls < CALLS_MAX);
        call = &f->calls[f->n_calls++];
        assert_true(sd_bus_message_read(message, "sss", &project, &stage, &image) >= 0);
        read_options(message, call);
        (void) snprintf(call->stage, sizeof(call->stage), "%s", stage);
        (void) snprintf(call->image, sizeof(call->image), "%s", image);
        call->message = sd_bus_message_ref(message);
        return 1;
}

static int method_list_instances(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        char uuid[UUID_TEXT_SIZE];
        Fixture *f = userdata;

        f->n_lists++;
        if (f->list_fails)
                return sd_bus_error_set(error, ERROR_ENGINE_UNREACHABLE, "no socket");

        assert_int_equal(store_get_uuid(f->store, uuid), 0);
        return sd_bus_reply_method_return(message, "a(sstssssssst)", 2, "app", "dev", f->highest, uuid, "",
                                          "", "", "", "", "", UINT64_C(0), "app", "dev", f->foreign, "other",
                                          "", "", "", "", "", "", UINT64_C(0));
}

/* The bus, as far as it starts somebody. */
static int method_start_service(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Fixture *f = userdata;
        const char *name;
        uint32_t flags;

        assert_true(sd_bus_message_read(message, "su", &name, &flags) >= 0);
        assert_string_equal(name, DEPLOYER_BUS_NAME);
        f->n_starts++;
        if (f->start_error)
                return sd_bus_error_set(error, f->start_error, "no such unit");

        return sd_bus_reply_method_return(message, "u", UINT32_C(2));
}

static const sd_bus_vtable driver_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("StartServiceByName", "su", "u", method_start_service, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* Asked before the vtable, which would not let such an answer pass. */
static int answer_nonsense(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const Fixture *f = userdata;

        (void) error;

        return f->nonsense && streq(sd_bus_message_get_member(message), f->nonsense)
                               ? sd_bus_reply_method_return(message, "b", true)
                               : 0;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("TriggerDeploy", "sssa{sv}", "sss", method_trigger_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListInstances", "ss", "a(sstssssssst)", method_list_instances,
                      SD_BUS_VTABLE_UNPRIVILEGED),
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
        assert_true(sd_bus_add_object_vtable(f->server, &f->driver_slot, "/org/freedesktop/DBus",
                                             "org.freedesktop.DBus", driver_vtable, f) >= 0);
        assert_true(sd_bus_add_object(f->server, &f->nonsense_slot, DEPLOYER_PATH, answer_nonsense, f) >= 0);
        assert_true(sd_bus_attach_event(f->server, f->event, 0) >= 0);

        assert_true(sd_bus_new(&f->client) >= 0);
        assert_true(sd_bus_set_fd(f->client, fds[1], fds[1]) >= 0);
        assert_true(sd_bus_set_anonymous(f->client, 1) >= 0);
        assert_true(sd_bus_start(f->client) >= 0);
        assert_true(sd_bus_attach_event(f->client, f->event, 0) >= 0);
}

static void make_dispatch(Fixture *f) {
        static const DispatchHooks hooks = { on_changed, on_succeeded };

        assert_int_equal(dispatch_new(f->event, f->store, f->deployer, f->outbox, &f->limits, &hooks, f,
                                      &f->dispatch),
                         0);
}

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        f->limits = (DispatchLimits){ .max_deploys = 2,
                                      .retry_for_usec = 3600 * USEC_PER_SEC,
                                      .store_retry_usec = 200 * USEC_PER_MSEC };
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
        assert_int_equal(deployer_new(f->client, on_progress, f, &f->deployer), 0);
        make_dispatch(f);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        dispatch_free(f->dispatch);
        deployer_free(f->deployer);
        outbox_free(f->outbox);
        assert_counts(f->store);
        store_free(f->store);
        for (unsigned i = 0; i < f->n_calls; i++)
                sd_bus_message_unref(f->calls[i].message);
        sd_bus_slot_unref(f->nonsense_slot);
        sd_bus_slot_unref(f->slot);
        sd_bus_slot_unref(f->driver_slot);
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

static inline void answer(Fixture *f, uint64_t id, const char *outcome, const char *detail) {
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
