/* SPDX-License-Identifier: MIT */
/* Rows of the queue, from inside the store: each function works in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* Ends a row that is queued or running. */
int queue_end(Store *store, uint64_t id, int64_t stage_id, DeployState state, const char *reason);
/* Adds a row. -ENOBUFS. */
int queue_insert(Store *store, const Enqueue *enqueue, EnqueueResult *result);
/* Ends the queued row of a stage for a newer one, and hands it to the result. */
int queue_put_aside(Store *store, Deploy **queued, DeployState state, const char *reason,
                    EnqueueResult *result);
