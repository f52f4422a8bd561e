/* SPDX-License-Identifier: MIT */
/* Rows of the queue, from inside the store: each function works in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* Ends a row that is queued or running, as `deploy` says. */
int queue_end(Store *store, const Deploy *deploy, DeployState state, const char *reason);
/* Adds a row. -ENOBUFS. */
int queue_insert(Store *store, const Enqueue *enqueue, EnqueueResult *result);
/* Ends the queued row of a stage for a newer one, and hands it to the result; its reason is still to come. */
int queue_put_aside(Store *store, Deploy **queued, DeployState state, EnqueueResult *result);
/* The reason of a row that ended for a newer one, and which that is. */
int queue_name_successor(Store *store, uint64_t id, uint64_t successor, const char *reason);
/* The same for what a result has put aside; `what` stands behind the number: "", or ", a rollback,". */
int queue_name_successors(Store *store, EnqueueResult *result, const char *what);
