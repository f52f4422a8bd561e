/* SPDX-License-Identifier: MIT */
/* What is there: projects, stages, deploys, and who takes an image. */
#pragma once

#include "webhookd/bus/context.h"

int method_list_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_projects(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_match_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_describe_stages(sd_bus_message *message, void *userdata, sd_bus_error *error);
