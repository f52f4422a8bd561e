/* SPDX-License-Identifier: MIT */
/* Going back, from inside the store: in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* Queues the newest version below the one that runs. 1 done; 0: there is none; -ENOBUFS. `*result` is the caller's also on failure. */
int rollback_enqueue(Store *store, int64_t stage_id, const char *source, const Asker *asker,
                     unsigned max_queued, EnqueueResult *result);
