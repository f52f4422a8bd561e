/* SPDX-License-Identifier: MIT */
/* When the images of deploys were pushed, from inside the store. */
#pragma once

#include "webhookd/store/store.h"

/* In the caller's step. `enqueue` has a hook and a time. */
int store_keep_push(Store *store, const Enqueue *enqueue, uint64_t deploy_id);
/* The same. A row goes on as another, which is new. */
int store_copy_pushes(Store *store, uint64_t from, uint64_t to);
/* The same. Forgets those of the stage whose rows were forgotten. */
int store_prune_pushes(Store *store, int64_t stage_id);
