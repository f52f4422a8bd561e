/* SPDX-License-Identifier: MIT */
/* The way back of a deploy that does not get to its switch. */
#pragma once

#include "deployerd/deploy/context.h"

/*
 * Back to what was before: those that made way run again, the new container goes. `error` keeps its sentence. Returns it, or
 * the error that left work for another attempt, with the pending container as the sign of it.
 */
int deploy_undo(Deploy *deploy, int error);

/*
 * The new one did not come up: says why, undoes, and looks for what keeps running. Ends the deploy as rolled back, or
 * returns -EREMOTEIO when nothing runs, or -EIO where the engine itself may be the reason, or what the undo returned.
 */
int deploy_roll_back(Deploy *deploy);
