/* SPDX-License-Identifier: MIT */
/* Counting, from inside the store. */
#pragma once

#include "webhookd/store/store.h"

/* In the caller's step: a row of the stage has ended, which began at `started_at`, in µs since the epoch, or never, which is 0. */
int store_count_end(Store *store, int64_t stage_id, uint64_t started_at, DeployState state,
                    uint64_t finished_at);
/* What the transaction has counted until now: into the tables. */
int store_write_tally(Store *store);
