/* SPDX-License-Identifier: MIT */
/* CreateProject() and SetProject(). */
#pragma once

#include "webhookd/bus/context.h"

int method_create_project(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_set_project(sd_bus_message *message, void *userdata, sd_bus_error *error);
