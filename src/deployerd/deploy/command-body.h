/* SPDX-License-Identifier: MIT */
/*
 * The body of the container that a command of root's runs in: the new container's own, so that it has the same environment, networks
 * and mounts, without whatever only one container can have or others find it by. Pure.
 */
#pragma once

#include <jansson.h>

#include "deployerd/config/project-config.h"

typedef enum CommandKind {
        COMMAND_PREDEPLOY,
        COMMAND_POSTDEPLOY,
        COMMAND_JOB, /* the stage's own, where that is a job */
        _COMMAND_MAX,
} CommandKind;

/* "predeploy" */
const char *command_kind_to_string(CommandKind kind);
/* What root's file says of it. */
const ProjectCommand *command_of(const ProjectConfig *project, CommandKind kind);

/*
 * What `body`, of container_body(), becomes for `kind`: no published port, no alias, name or fixed address, no label but tinyforge's own,
 * no health check and no restart; then the command's own patch, the project's environment, and its words, where it has any. -ENOMEM, -E2BIG.
 */
int command_body(const json_t *body, const ProjectConfig *project, CommandKind kind, json_t **ret);
