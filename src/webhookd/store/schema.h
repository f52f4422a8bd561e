/* SPDX-License-Identifier: MIT */
/* What the database has to be before anything is read of it. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* Settings of the connection, and a look at the file. One without tables is damaged, unless the store is new: see open.c. */
int store_configure(Store *store);
/* A first store: tables, and what is in them from the beginning. */
int store_make(Store *store);
/* Brings an older schema up to STORE_SCHEMA_VERSION. */
int store_migrate(Store *store);
