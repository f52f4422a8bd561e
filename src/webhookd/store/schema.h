/* SPDX-License-Identifier: MIT */
/* What the database has to be before anything is read of it. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* Settings of the connection, and a look at the file. */
int store_configure(Store *store);
/* Brings an older schema up to STORE_SCHEMA_VERSION, and makes a new one. */
int store_migrate(Store *store);
