/* SPDX-License-Identifier: MIT */
/* Operation: a deploy under way, and what every step may ask of its dispatcher. */
#pragma once

#include "webhookd/queue/context.h"

/* Takes over a call that is under way. */
void operation_link(Operation *operation);
Operation *operation_free(Operation *operation);
DEFINE_CLEANUP(Operation, operation_free)

/* Puts a notice about `deploy` into the outbox. */
void dispatch_tell(Dispatch *dispatch, const Deploy *deploy, EventId event, NoticeSignal signal,
                   DeployState state, const char *text);

/* The timer goes off at `when` at the latest; CLOCK_MONOTONIC, µs. */
void dispatch_arm(Dispatch *dispatch, uint64_t when);
