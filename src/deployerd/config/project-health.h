/* SPDX-License-Identifier: MIT */
/* ProjectHealth: how root wants a project's containers asked for their health, in one word or key by key. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* Statuses of an answer that is well, where nobody says otherwise. */
#define HEALTH_STATUS_FIRST 200U
#define HEALTH_STATUS_LAST  399U
/* Bytes of a name that is asked for, with its NUL, and of a sentence about what is wrong. */
#define HEALTH_HOST_SIZE    256U
#define HEALTH_PROBLEM_SIZE 160U

typedef struct ProjectHealth {
        char *check;   /* as TriggerDeploy's option; NULL: the file says nothing */
        char *host;    /* whom the question is for; NULL: the address that is asked */
        uint16_t port; /* inside the container; 0: the project's */
        uint16_t status_first, status_last;
} ProjectHealth;

/*
 * Reads a string or an object. -EBADMSG with the key that is wrong ("" for the whole) and what is; -ENOMEM. On success `*ret`
 * is to be released with project_health_done().
 */
int project_health_read(const json_t *value, ProjectHealth *ret, const char **ret_key,
                        char ret_problem[static HEALTH_PROBLEM_SIZE]);
void project_health_done(ProjectHealth *health);
