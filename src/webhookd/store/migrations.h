/* SPDX-License-Identifier: MIT */
/* The migrations of the schema. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* "tfrg": other programs' databases are refused, not filled with our tables. */
#define STORE_APPLICATION_ID INT64_C(0x74667267)

/* The statements that bring a file from `version`, which is less than STORE_SCHEMA_VERSION, to the next, and say so in it. */
const char *store_migration(unsigned version);
