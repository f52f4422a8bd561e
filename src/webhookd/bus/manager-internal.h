/* SPDX-License-Identifier: MIT */
/* What the files of the Manager share; nobody else includes this. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/bus/call.h"
#include "shared/bus/options.h"
#include "shared/image-ref.h"
#include "webhookd/bus/manager.h"

typedef struct ManagerCounts {
        uint64_t projects, queued, running;
} ManagerCounts;

typedef struct Cancel Cancel;
typedef struct Removal Removal;

struct Manager {
        sd_bus *bus;
        sd_bus_slot *slot;
        Store *store;
        Hooks *webhooks;
        const WebhookConfig *config;
        Outbox *outbox;
        ManagerHooks hooks;
        void *userdata;
        Authority *authority;
        ManagerCounts emitted;
        Deployer *deployer;
        Delivery *delivery;
        Cancel *cancels; /* callers of Cancel() who wait for the deployer */
        unsigned n_cancels;
        Removal *removals; /* callers of RemoveProject() and RemoveStage() who wait for the deployer */
        unsigned n_removals;
};

/* access.c: the table of who may call what. */
int manager_open_access(Manager *manager);
/* What most methods begin with: call_begin(), and the daemon is not idle. */
int manager_begin(Manager *manager, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
                  uid_t *ret_uid, sd_bus_error *error);
/* For the others: authority_check(). `details` are names that were checked. */
int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error);

/* reply.c: the error on the bus for a negative errno of the store; logged here, once. */
int manager_reply_store_error(const Manager *manager, sd_bus_error *error, int r);

/* lookup.c: the project of that name, or an error on the bus. */
int manager_find_project(Manager *manager, const char *name, Project **ret, sd_bus_error *error);
/* The project and the stage of those names, or an error on the bus. */
int manager_find_stage(Manager *manager, const char *project, const char *stage, Project **ret_project,
                       Stage **ret_stage, sd_bus_error *error);
/* The stages of the project that a call names, which is its only argument; or an error on the bus. */
int manager_read_stages(Manager *manager, sd_bus_message *message, StageList *ret, sd_bus_error *error);
/* The parsed reference, or InvalidImage on the bus. */
int manager_parse_image(const char *text, ImageRef **ret, sd_bus_error *error);

/* tell.c: puts a notice of what a caller did into the outbox. */
void manager_tell(Manager *manager, const Notice *notice);
/* Tells of what the caller `uid` did to a project, or to a stage of it; `text` is followed by who it was. */
void manager_tell_change(Manager *manager, EventId event, NoticeSignal signal, const Project *project,
                         const char *stage, uid_t uid, const char *text);

/* cancel.c, remove.c: forget the callers who wait; the marks in the store stay. */
void manager_drop_cancels(Manager *manager);
void manager_drop_removals(Manager *manager);

int method_regenerate_secret(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_webhook_path(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_match_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_metrics(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rollback(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rollback_with_options(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_create_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_hooks(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rotate_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_hook_path(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_create_project(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_set_project(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_project(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_set_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_test_payload(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_promote(sd_bus_message *message, void *userdata, sd_bus_error *error);
