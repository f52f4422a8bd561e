/* SPDX-License-Identifier: MIT */
/* Cancel(), whose callers wait for the deployer. */
#pragma once

#include "webhookd/bus/context.h"

int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error);
