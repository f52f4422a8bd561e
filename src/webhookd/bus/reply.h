/* SPDX-License-Identifier: MIT */
/* Errors of the store, on the bus. */
#pragma once

#include "webhookd/bus/context.h"

/* The error on the bus for a negative errno of the store; logged here, once. */
int manager_reply_store_error(const Manager *manager, sd_bus_error *error, int r);
