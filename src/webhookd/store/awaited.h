/* SPDX-License-Identifier: MIT */
/* Deploys that others wait for, from inside the store: each function works in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* Whether any row waits for another. Where no project comes after another, that is known without a look. */
int awaited_is_used(Store *store);
/* The one waits for the other, where both are still to come. */
int awaited_add(Store *store, uint64_t deploy, uint64_t after);
/* It waits for nothing. */
int awaited_drop(Store *store, uint64_t deploy);
/* Says in the row what it waits for, or takes that away where it waits for nothing any more. */
int awaited_tell(Store *store, uint64_t deploy);
/* A row ended: store_settle_awaited() is to look at those that wait for it. */
int awaited_end(Store *store, uint64_t deploy);
/* A row goes on as another, which is new, and waits for the same. */
int awaited_copy(Store *store, uint64_t from, uint64_t to);
/* What is queued of a project waits no longer. */
int awaited_release_project(Store *store, int64_t project_id);
