/* SPDX-License-Identifier: MIT */
/* The projects and stages that there are, whole or page by page. */
#pragma once

#include "webhookd/bus/context.h"

int method_list_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_projects_page(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_projects_page(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_stages_page(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
