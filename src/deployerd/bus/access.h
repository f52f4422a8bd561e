/* SPDX-License-Identifier: MIT */
/* Who may call what. */
#pragma once

#include "deployerd/bus/context.h"

int manager_open_access(Manager *manager);
/*
 * Whether the caller may call this method, by the table in access.c: 0 and the caller's uid, or what the method has to
 * return to sd-bus, as of authority_check(). `details` are names that were checked.
 */
int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error);
/* What most methods begin with: call_begin(), and the daemon is not idle. */
int manager_begin(Manager *manager, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
                  uid_t *ret_uid, sd_bus_error *error);
