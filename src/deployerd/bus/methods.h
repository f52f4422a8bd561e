/* SPDX-License-Identifier: MIT */
/* The methods of the object. */
#pragma once

#include "deployerd/bus/context.h"

int method_trigger_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_cancel_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_watch_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_inspect_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_instances(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_endpoints(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_strays(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_container_body(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_take_over_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
