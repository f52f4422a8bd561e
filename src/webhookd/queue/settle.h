/* SPDX-License-Identifier: MIT */
/* What became of a deploy, written down. */
#pragma once

#include "webhookd/queue/context.h"

/* Writes what became of the deploy. When the store refuses, the operation stays, and is tried again by the timer. */
void operation_settle(Operation *operation);

/* Tells of the end of a deploy, whoever has brought it about. */
void dispatch_tell_finished(Dispatch *dispatch, const Deploy *deploy, DeployState state, const char *reason);
