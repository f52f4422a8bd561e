/* SPDX-License-Identifier: MIT */
/* Deploy(), Restart(), Promote() and the rollbacks. */
#pragma once

#include "webhookd/bus/context.h"

int method_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_deploy_with_options(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_restart(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rollback(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_rollback_with_options(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_promote(sd_bus_message *message, void *userdata, sd_bus_error *error);
