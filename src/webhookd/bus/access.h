/* SPDX-License-Identifier: MIT */
/* Who may call what. */
#pragma once

#include "webhookd/bus/context.h"

/* The table of who may call what. */
int manager_open_access(Manager *manager);
/* What most methods begin with: call_begin(), and the daemon is not idle. */
int manager_begin(Manager *manager, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
                  uid_t *ret_uid, sd_bus_error *error);
/* For the others: authority_check(). `details` are names that were checked. */
int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error);
