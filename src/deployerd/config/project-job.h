/* SPDX-License-Identifier: MIT */
/* What a project's file may not say of a job, which answers nobody and is not replaced. For project-config.c alone. */
#pragma once

#include "deployerd/config/project-reader.h"

/*
 * Whether `part`, the project's or a stage's that stands at `pointer`, says something of a job that only a service can have; `kind` is
 * what it is of (NULL: a service). -EBADMSG, explained.
 */
int project_job_check(ProjectReader *reader, const char *pointer, const json_t *part, const char *kind);

/* What the project says of its services does not count for a stage that is a job; and a limit of jobs not for a service. */
void project_job_settle(ProjectConfig *config);
