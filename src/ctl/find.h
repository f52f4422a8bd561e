/* SPDX-License-Identifier: MIT */
/*
 * Find: one deploy among all that webhookd lists.
 */
#pragma once

#include "ctl/rows.h"

/*
 * The row of a deploy; its strings are borrowed from `*ret_reply`. An empty project means that it may be of any stage.
 * -ENODATA where there is none; faults are reported.
 */
int find_deploy(Ctl *ctl, uint64_t id, const char *project, const char *stage, sd_bus_message **ret_reply,
                DeployRow *ret);
