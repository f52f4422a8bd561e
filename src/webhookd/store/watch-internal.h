/* SPDX-License-Identifier: MIT */
/* Watches, from inside the store: in the caller's step. */
#pragma once

#include "webhookd/store/store.h"

/* The row has succeeded: what was watched in its stage is replaced, and it is watched itself if that was noted. */
int watch_begin(Store *store, const Deploy *deploy);
