/* SPDX-License-Identifier: MIT */
/*
 * The commands that root has run before the switch and after it, each in a container of its own. The engine's record of such a
 * container is all that is noted of it: one that runs is waited for by the next attempt, one that ended well is not run again, and one that
 * waits for the switch is created before it, so that after it its absence means that it is over. Used by the steps of a deploy, and above none
 * of them.
 */
#pragma once

#include "deployerd/deploy/command-run.h"
#include "deployerd/deploy/context.h"

/*
 * Looks at what `rows` have of the stage. What is this very deploy's is noted, unless it is only to be undone; what other deploys have left
 * goes. `switched`: the deploy is through. Errors of engine.h.
 */
int commands_settle(Deploy *deploy, bool switched);

/* Before anything of the new version is started: what is to be run is run, once. -ENOEXEC, explained; -EINTR; errors of engine.h. */
int commands_before(Deploy *deploy);

/*
 * After the switch. What fails is logged, and told in `ret`, to be put behind a sentence; else that is empty. -EINTR, and -EIO
 * and -ECONNREFUSED of an engine in trouble: another attempt goes on with it.
 */
int commands_after(Deploy *deploy, char *ret, size_t size);

/* Which of them stay. */
typedef enum CommandsKept {
        COMMANDS_NONE,
        COMMANDS_OWN,    /* this deploy's */
        COMMANDS_OTHERS, /* what other deploys have left, and nothing of this one's */
        COMMANDS_DONE, /* as before, and one of this deploy's that is over and told of: should this process die before its outcome is
                            known, another attempt finds it */
} CommandsKept;

/* Removes them. Errors of engine.h, of the first that cannot be removed. */
int commands_remove(Deploy *deploy, CommandsKept kept);

/*
 * Runs the job that the stage is, once. `ret` is how it ended. The container of the one before goes when that of this one is there.
 * -EOWNERDEAD, explained; -EINTR; errors of engine.h.
 */
int commands_run_job(Deploy *deploy, char ret[static COMMAND_TOLD_SIZE]);
