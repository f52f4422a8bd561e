/* SPDX-License-Identifier: MIT */
/* Cancel(), whose callers wait for the deployer. */
#pragma once

#include "webhookd/bus/context.h"

/* Forgets the callers who wait; the marks in the store stay. */
void manager_drop_cancels(Manager *manager);
int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error);
