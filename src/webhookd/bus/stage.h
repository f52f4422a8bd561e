/* SPDX-License-Identifier: MIT */
/* SetStage(). */
#pragma once

#include "webhookd/bus/context.h"

int method_set_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
