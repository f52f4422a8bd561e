/* SPDX-License-Identifier: MIT */
/* A look at the whole database. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* How many bytes the database has, without its log. */
int store_get_size(Store *store, int64_t *ret);

/* Gives up a store that is damaged. One that takes too long to look at is left to store_check_late(). */
int store_check_at_start(Store *store);
