/* SPDX-License-Identifier: MIT */
/* RemoveProject() and RemoveStage(), whose callers wait for the deployer. */
#pragma once

#include "webhookd/bus/context.h"

int method_remove_project(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
