/* SPDX-License-Identifier: MIT */
/* The table of deploys, which several verbs show. */
#pragma once

#include "ctl/print/rows.h"

/* NULL: no memory. */
Table *deploy_table_new(void);
void deploy_table_add(Table *table, const DeployRow *row);

/* All deploys of the answer, before the first of which it stands: 0 or a negative errno. Equal tags of other digests are told apart. */
int deploy_table_add_all(Table *table, sd_bus_message *reply);
