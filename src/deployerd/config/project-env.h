/* SPDX-License-Identifier: MIT */
/*
 * The environment of a project's containers: the Env of its patches, under it what its "env_files" say, under that its "env". What
 * comes later counts, name by name. Values of files are nobody's to see who does not ask for them. Pure.
 */
#pragma once

#include "deployerd/config/project-config.h"

/* Puts it into the container-create body, which has the patches already. -ENOMEM. */
int project_env_apply(const ProjectConfig *project, json_t *body);

/* Puts PROJECT_ENV_HIDDEN into the place of each value that a file said. -ENOMEM. */
int project_env_hide(const ProjectConfig *project, json_t *body);
#define PROJECT_ENV_HIDDEN "(hidden)"

/*
 * The names that the project's Env sets and the stage's, which takes its place as a whole, does not: an array of strings, empty
 * where there is none. -ENOMEM.
 */
int project_env_dropped(const ProjectConfig *project, json_t **ret);
