/* SPDX-License-Identifier: MIT */
/*
 * Find: one deploy, project or stage among all that webhookd lists.
 */
#pragma once

#include "ctl/print/rows.h"

/*
 * The row of a deploy; its strings are borrowed from `*ret_reply`. An empty project means that it may be of any stage.
 * -ESRCH where there is none; faults are reported.
 */
int find_deploy(Ctl *ctl, uint64_t id, const char *project, const char *stage, sd_bus_message **ret_reply,
                DeployRow *ret);

/*
 * The row of the project of that name, or of that image ("domain/path"); the other is NULL. Its strings are borrowed from `*ret_reply`. 1; 0: there
 * is none, and the outputs are untouched; faults are reported.
 */
int find_project(Ctl *ctl, const char *name, const char *image, sd_bus_message **ret_reply, ProjectRow *ret);

/* Whether the project, and in it the stage unless that is NULL, exists: 0, or -ENODEV or -ENXIO, reported. */
int find_stage(Ctl *ctl, const char *project, const char *stage);
