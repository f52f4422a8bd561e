/* SPDX-License-Identifier: MIT */
/* TestPayload(). */
#pragma once

#include "webhookd/bus/context.h"

int method_test_payload(sd_bus_message *message, void *userdata, sd_bus_error *error);
