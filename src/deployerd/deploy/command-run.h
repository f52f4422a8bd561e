/* SPDX-License-Identifier: MIT */
/* One command of root's, in its container, from its creation to its end. Used by commands.h, and by whoever removes them. */
#pragma once

#include "deployerd/deploy/command-body.h"
#include "deployerd/deploy/context.h"

/* As INSTANCE_NAME_SIZE, with a dot and the longest name of a command for the suffix. */
#define COMMAND_NAME_SIZE 176U

/* "exited with status 0 after 10min 30s; last lines: …" */
#define COMMAND_TOLD_SIZE 3072U

/* Makes its container, which is not started. `*ret_id` is the caller's to free. Errors of engine.h. */
int command_create(Deploy *deploy, CommandKind kind, char **ret_id);

/*
 * Starts the container, unless it was before, and waits for the end of it, as long as it may take from its start on. What is
 * interrupted runs on. 0: it ended with status 0 and within its memory; `ret` is how, and after what time. -ENOEXEC, or -EOWNERDEAD of
 * a job, explained: it did not, or was stopped, since it took too long; -EINTR; errors of engine.h.
 */
int command_run(Deploy *deploy, CommandKind kind, const char *id, char ret[static COMMAND_TOLD_SIZE]);

/*
 * Stops the container, which has `grace_usec` for that where it says nothing itself, and removes it with the volumes that were its own; 0
 * also where it is gone. Errors of engine.h.
 */
int command_remove(Engine *engine, const char *id, uint64_t grace_usec);
