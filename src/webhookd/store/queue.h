/* SPDX-License-Identifier: MIT */
/* Rows of the queue, from inside the store: each function works in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* Ends a row that is queued or running, as `deploy` says; for the deploy `successor`, or for none, which is 0. */
int queue_end(Store *store, const Deploy *deploy, DeployState state, const char *reason, uint64_t successor);
/* Adds a row, with the next id. -ENOBUFS. */
int queue_insert(Store *store, const Enqueue *enqueue, EnqueueResult *result);
/* What joined the running row of a stage is older than a new row, and is not to be deployed after it. */
int queue_forget_joins(Store *store, int64_t stage_id);
/*
 * Ends the queued row of a stage for a newer one, and hands it to the result; `what` stands behind the number of that in the reason: "",
 * or ", a rollback,".
 */
int queue_put_aside(Store *store, Deploy **queued, DeployState state, uint64_t successor, const char *what,
                    EnqueueResult *result);
