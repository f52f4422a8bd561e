/* SPDX-License-Identifier: MIT */
/* Counting, from inside the store. */
#pragma once

#include "webhookd/store/store.h"

/* In the caller's step: a row that was as `deploy` says has ended. */
int store_count_end(Store *store, const Deploy *deploy, DeployState state, uint64_t finished_at);
/* What the transaction has counted until now: into the tables. */
int store_write_tally(Store *store);
