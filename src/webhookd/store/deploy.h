/* SPDX-License-Identifier: MIT */
/* Looking for deploys, from inside the store. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/*
 * The rows of stage ?1 that brought a version; the newest is what runs. A rollback that found its goal running already has
 * brought it back as well.
 */
#define GENERATION_ROWS \
        "WHERE stage_id = ?1 AND (state = 'succeeded' OR (state = 'unchanged' AND generation IS NOT NULL)) "

/* The queued row of the stage, of which there is one at most. 1, or 0 and NULL. */
int store_find_queued(Store *store, int64_t stage_id, Deploy **ret);

/* The rows that are watched, oldest first. */
int deploy_list_watched(Store *store, DeployList *ret);

/* Who asked for it; borrowed from the row. */
Asker deploy_asker(const Deploy *deploy);
