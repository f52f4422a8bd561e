/* SPDX-License-Identifier: MIT */
/* Rows of the queue that wait for others, those of one delivery where a project comes after another. Errors as in store.h. */
#pragma once

#include "webhookd/store/store.h"

/*
 * From now on a queued row waits for those of `after` that are not through, and for no others; its reason says so. A row that took the
 * place of one of them in the queue stands for it, and so does the row that looks again at what joined it.
 */
int store_await_deploys(Store *store, uint64_t deploy, const uint64_t *after, size_t n);
/* It waits no longer. 1 done; 0 where it did not wait. */
int store_release_deploy(Store *store, uint64_t deploy);
/*
 * Rows that waited for what has ended since, outside of a transaction. Those that have all that they waited for may be handed out; those of
 * which something failed end as cancelled, for the reason DependencyFailed, and are in `*ret`, as finished. 1 where any may be handed out
 * or ended since the last call, also by store_release_deploy() and the like; else 0.
 */
int store_settle_awaited(Store *store, DeployList *ret);
