/* SPDX-License-Identifier: MIT */
/*
 * ProjectCommand: what root has run in a container of the new image before the switch to it, or after. An array of words, never a
 * line for a shell, and from root's file alone.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* Words of one command. */
#define PROJECT_COMMAND_WORDS_MAX 256U
/* How long it may take where the file does not say. */
#define PROJECT_COMMAND_TIMEOUT_USEC (10 * 60 * USEC_PER_SEC)

typedef struct ProjectCommand {
        json_t *words;     /* an array of strings; NULL: there is no command */
        json_t *container; /* a merge patch over the body of its container; NULL: none */
        uint64_t timeout_usec;
        bool on_rollback; /* it is run as well by a deploy that goes back to an earlier version */
} ProjectCommand;

/*
 * Reads what a file says: an object, or null where there is none. The patch is not looked at. -EBADMSG, with the key that is wrong
 * (empty: the value as a whole; borrowed from `value`) and what it has to be (static text).
 */
int project_command_read(json_t *value, ProjectCommand *ret, const char **ret_key,
                         const char **ret_expected);
void project_command_done(ProjectCommand *command);
