/* SPDX-License-Identifier: MIT */
/* The keys of deliveries, from inside the store. */
#pragma once

#include "webhookd/store/store.h"

/* Keys that are forgotten at a time, and that are kept before it is looked again whether there are any to forget. */
#define DELIVERIES_PRUNED   1000
#define DELIVERIES_UNPRUNED 256U

/* What is older is forgotten, whether it is still there or not: µs since the epoch. */
uint64_t store_delivery_border(void);
/* For whoever keeps a key: forgets those that are too old, faster than new ones come. */
int store_prune_deliveries_in_time(Store *store);
/* The keys by which a redelivery is recognised. `enqueue->delivery_id` is not NULL. */
int store_keep_delivery(Store *store, const Enqueue *enqueue, uint64_t deploy_id);
/*
 * Before deploys of a stage are forgotten, those up to and with `last`, and those up to and with `last_aside` that were put aside before they
 * began: their keys remember how they ended.
 */
int store_seal_deliveries(Store *store, int64_t stage_id, uint64_t last, uint64_t last_aside);
