/* SPDX-License-Identifier: MIT */
/*
 * projects.d/<project>.json: what root says of one project's containers, beyond what deployerd.conf says of all. A file
 * belongs to one image repository and to root alone, and is read as a whole and strictly: a mistake anywhere in it, in
 * the part of another stage as well, is refused before anything is pulled.
 */
#pragma once

#include "deployerd/config/project-types.h"

/*
 * Reads `<dir>/<project>.json` for the subject. A file or directory that is not there is no error: `exists` is then false.
 * -EBADMSG with "file:line:column: what" or "file: /stages/prod/container: what" in `ret_problem`; -EPERM, in the same way, when it
 * is for another repository or not root's alone; -ENOMEM, with no text. On success `*ret` is to be released with
 * project_config_done().
 */
int project_config_load(const char *dir, const ProjectSubject *subject, ProjectConfig *ret,
                        char *ret_problem, size_t size);
void project_config_done(ProjectConfig *config);

/* Whether there is a file, readable and right or not. */
bool project_config_exists(const char *dir, const char *project);
