/* SPDX-License-Identifier: MIT */
/* What the store knows of itself. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* Makes the store's UUID where there is none yet. */
int store_ensure_uuid(Store *store);
