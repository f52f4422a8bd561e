/* SPDX-License-Identifier: MIT */
/* Rows of the queue, from inside the store: each function works in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* Of a row that is queued or running: what a push asks, so that it need not look at all that a Deploy has. */
typedef struct QueueRow {
        uint64_t id; /* 0: there is none */
        int64_t stage_id;
        DeployState state;
        char *image, *digest;
        bool local, cancel, again;
        uint64_t started_at; /* 0 where it waits */
} QueueRow;

void queue_row_done(QueueRow *row);

/* The two rows that a stage may have in the queue, the one that waits and the one that runs; each the caller's, all zero where there is none. */
int queue_look(Store *store, int64_t stage_id, QueueRow *ret_queued, QueueRow *ret_running);
/* The id of the row that waits, or 0. */
int queue_look_for_id(Store *store, int64_t stage_id, uint64_t *ret_id);

/* Ends a row that is queued or running, as `row` says; for the deploy `successor`, or for none, which is 0. */
int queue_end(Store *store, const QueueRow *row, DeployState state, const char *reason, uint64_t successor);
/* The same of a row that is there as a Deploy. */
int queue_end_deploy(Store *store, const Deploy *deploy, DeployState state, const char *reason,
                     uint64_t successor);
/* Adds a row, with the next id. -ENOBUFS. */
int queue_insert(Store *store, const Enqueue *enqueue, EnqueueResult *result);
/* What joined the running row of a stage is older than a new row, and is not to be deployed after it. */
int queue_forget_joins(Store *store, int64_t stage_id);
/*
 * Ends the queued row of a stage for a newer one, and notes it in the result, which takes its image; `what` stands behind the number of
 * the newer one in the reason: "", or ", a rollback,".
 */
int queue_put_aside(Store *store, QueueRow *queued, DeployState state, uint64_t successor, const char *what,
                    EnqueueResult *result);
