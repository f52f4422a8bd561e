/* SPDX-License-Identifier: MIT */
/* Numbers that are kept, or counted anew where nobody has kept them. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* The id that the next deploy gets: above all that were used. -ENOSPC. */
int store_next_deploy_id(Store *store, uint64_t *ret);
