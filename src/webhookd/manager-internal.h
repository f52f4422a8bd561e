/* SPDX-License-Identifier: MIT */
/* What the files of the Manager share; nobody else includes this. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/authority.h"
#include "webhookd/manager.h"

typedef struct ManagerCounts {
        uint64_t projects, queued, running;
} ManagerCounts;

typedef struct Cancel Cancel;

struct Manager {
        sd_bus *bus;
        sd_bus_slot *slot;
        Store *store;
        Secret *secret;
        const WebhookConfig *config;
        Outbox *outbox;
        ManagerHooks hooks;
        void *userdata;
        Authority *authority;
        ManagerCounts emitted;
        Deployer *deployer;
        Cancel *cancels; /* callers of Cancel() who wait for the deployer */
        unsigned n_cancels;
};

/* The error on the bus for a negative errno of the store; logged here, once. */
int manager_reply_store_error(const Manager *manager, sd_bus_error *error, int r);

int manager_open_access(Manager *manager);
/*
 * Whether the caller may call this method, by the table in manager-access.c: 0 and the caller's uid, or what the method has to
 * return to sd-bus, as of authority_check(). `details` are names that were checked.
 */
int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error);
/* 0, or the error InvalidName on the bus. `stage` may be NULL. */
int manager_check_names(const char *project, const char *stage, sd_bus_error *error);
/* The project and the stage of those names, or an error on the bus. */
int manager_find_stage(Manager *manager, const char *project, const char *stage, Project **ret_project,
                       Stage **ret_stage, sd_bus_error *error);
/* Forgets the callers who wait; the marks in the store stay. */
void manager_drop_cancels(Manager *manager);

int method_regenerate_secret(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_webhook_path(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_match_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rollback(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rollback_with_options(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error);
