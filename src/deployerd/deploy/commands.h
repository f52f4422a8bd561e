/* SPDX-License-Identifier: MIT */
/*
 * The commands that root has run before the switch and after it, each in a container of its own. The engine's record of such a
 * container is all that is noted of it: one that runs is waited for by the next attempt, one that ended well is not run again, and one that
 * waits for the switch is created before it, so that after it its absence means that it is over. Used by the steps of a deploy, and above none
 * of them.
 */
#pragma once

#include "deployerd/deploy/command-body.h"
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

/*
 * None of them stays but, with `keep`, one of this deploy's that ended well before a switch that did not come: should this process die
 * before the outcome is known, another attempt finds it. The next deploy removes it. Errors of engine.h, of the first that cannot be removed.
 */
int commands_remove(Deploy *deploy, bool keep);
