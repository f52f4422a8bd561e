/* SPDX-License-Identifier: MIT */
/* Counting, from inside the store. */
#pragma once

#include "webhookd/store/store.h"

/* In the caller's step: the row of that id has ended. */
int store_count_end(Store *store, uint64_t id);
