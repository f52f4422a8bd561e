/* SPDX-License-Identifier: MIT */
/*
 * Damage: a store that cannot be used, told once: what is wrong with which file, and what to do. webhookd.c alone includes this
 * header. Nothing here mends anything: whoever does must be able to look at it first.
 */
#pragma once

#include "webhookd/store/store.h"

/* Tells what store_fault() and store_error() say of the store at `path`. */
void damage_tell(const Store *store, const char *path);
