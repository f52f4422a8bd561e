/* SPDX-License-Identifier: MIT */
/* What calls name, looked up. */
#pragma once

#include "webhookd/bus/context.h"

/* The project of that name, or an error on the bus. */
int manager_find_project(Manager *manager, const char *name, Project **ret, sd_bus_error *error);
/* The name of the project that it comes after, or ""; owned by the caller. 0, or an error on the bus. */
int manager_name_after(Manager *manager, const Project *project, char **ret, sd_bus_error *error);
/* The project and the stage of those names, or an error on the bus. */
int manager_find_stage(Manager *manager, const char *project, const char *stage, Project **ret_project,
                       Stage **ret_stage, sd_bus_error *error);
/* The stages of the project that a call names, which is its only argument; or an error on the bus. */
int manager_read_stages(Manager *manager, sd_bus_message *message, StageList *ret, sd_bus_error *error);
/* The parsed reference, or InvalidImage on the bus. */
int manager_parse_image(const char *text, ImageRef **ret, sd_bus_error *error);
