/* SPDX-License-Identifier: MIT */
/*
 * Outcome: deploys as their sender is told of them, and the status that they make of an answer: 200 where all are as they should be,
 * 424 where one is not, 202 where one is not through.
 */
#pragma once

#include "shared/json.h"
#include "webhookd/queue/progress.h"
#include "webhookd/request.h"
#include "webhookd/store/store.h"

/* What stands for a deploy before delivery_refresh() tells more of it: a new reference, or NULL. */
json_t *outcome_stub(uint64_t id);

/* Where that deploy is found, behind the hook's URL: "/deploys/7". A new reference, or NULL. */
json_t *outcome_path(uint64_t id);

/*
 * Tells the deploys of `answer` anew, and makes its status and body of that. `open` are the ids of those that are not through. A
 * deploy that is asked for alone and is not there is 404. -ENOMEM, or what the store says: then the answer is as it was.
 */
int outcome_tell(Store *store, const Progress *progress, Answer *answer,
                 uint64_t open[static DEPLOYS_TOLD_MAX], size_t *ret_n);
