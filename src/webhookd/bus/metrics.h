/* SPDX-License-Identifier: MIT */
/* GetMetrics(). */
#pragma once

#include "webhookd/bus/context.h"

int method_get_metrics(sd_bus_message *message, void *userdata, sd_bus_error *error);
