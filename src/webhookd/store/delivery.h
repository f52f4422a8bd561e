/* SPDX-License-Identifier: MIT */
/* The keys of deliveries, from inside the store. */
#pragma once

#include "webhookd/store/store.h"

/* The keys by which a redelivery is recognised. `enqueue->delivery_id` is not NULL. */
int store_keep_delivery(Store *store, const Enqueue *enqueue, uint64_t deploy_id);
/* Before the deploys of a stage up to and with `last` are forgotten: their keys remember how they ended. */
int store_seal_deliveries(Store *store, int64_t stage_id, uint64_t last);
