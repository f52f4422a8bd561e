/* SPDX-License-Identifier: MIT */
/* What the files of the Manager share; nobody else includes this. */
#pragma once

#include <systemd/sd-bus.h>

#include "webhookd/manager.h"

typedef struct ManagerCounts {
        uint64_t projects, queued, running;
} ManagerCounts;

struct Manager {
        sd_bus *bus;
        sd_bus_slot *slot;
        Store *store;
        Secret *secret;
        const WebhookConfig *config;
        Outbox *outbox;
        ManagerHooks hooks;
        void *userdata;
        ManagerCounts emitted;
};

/* The error on the bus for a negative errno of the store; logged here, once. */
int manager_reply_store_error(const Manager *manager, sd_bus_error *error, int r);

int method_regenerate_secret(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_webhook_path(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_match_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
