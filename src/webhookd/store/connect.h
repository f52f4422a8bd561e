/* SPDX-License-Identifier: MIT */
/* The connection to sqlite. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* Opens what is at `path`, or a database in memory for ":memory:", and looks at nothing yet. */
int store_connect(Store *store, const char *path);
/* Takes from it what is not needed here, and what a damaged or foreign file could make use of. */
int store_harden(Store *store);
/* Closes it, with everything that was prepared. A database that is damaged is left as it is, with its log. */
void store_disconnect(Store *store);
