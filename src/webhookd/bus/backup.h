/* SPDX-License-Identifier: MIT */
/* The method about the store as a whole: Backup. */
#pragma once

#include "webhookd/bus/context.h"

int method_backup(sd_bus_message *message, void *userdata, sd_bus_error *error);
