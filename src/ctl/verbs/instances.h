/* SPDX-License-Identifier: MIT */
/* Instances: what runs where, as the engine's labels say, and what of it webhookd does not know. */
#pragma once

#include "ctl/print/table.h"

/*
 * The deployer's answer to ListInstances, or another method that lists what there is, before its first row: 1; 0 where it shows
 * that to root only; -ETIMEDOUT where the engine takes too long for who is in a hurry. Reports its faults.
 */
int instances_list(Ctl *ctl, const char *method, sd_bus_message **ret_reply);

/*
 * A table of all instances, of all states; NULL where the deployer does not show them to this user. Where webhookd does not answer,
 * `store` is NULL, and nothing is said of who manages them; else it is webhookd's, or "" where it does not tell. `*ret_foreign` is
 * whether one of them is of another store. Reports its faults.
 */
int instances_ask(Ctl *ctl, const char *store, Table **ret, bool *ret_foreign);
