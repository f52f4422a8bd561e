/* SPDX-License-Identifier: MIT */
/* Hooks, their secrets and their paths. */
#pragma once

#include "webhookd/bus/context.h"

int method_regenerate_secret(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_webhook_path(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_create_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_hooks(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_hooks(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rotate_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_hook(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_hook_path(sd_bus_message *message, void *userdata, sd_bus_error *error);
