/* SPDX-License-Identifier: MIT */
/* What the store knows of itself. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* What a first store has from the beginning, and no other one gets: its UUID, and the secret of the main hook. */
int store_make_settings(Store *store);
