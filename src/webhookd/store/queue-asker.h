/* SPDX-License-Identifier: MIT */
/* Who asked for a deploy, in its row; each function works in the caller's step. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* Notes it; NULL: it is not known. */
int queue_keep_asker(Store *store, uint64_t id, const Asker *asker);
/* A row that goes on where another one ended is asked for by the same. */
int queue_copy_asker(Store *store, uint64_t from, uint64_t to);
