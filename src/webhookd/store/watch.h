/* SPDX-License-Identifier: MIT */
/*
 * Watching on: what a deploy brought is looked at for some time after it, and the version before is brought back, once, where it fails.
 * The row is what remembers it. Errors as in store.h.
 */
#pragma once

#include "webhookd/store/store.h"

/* The running deploy is to be watched for so long from its success on. 1 done; 0: it does not run. */
int store_note_watch(Store *store, uint64_t id, uint64_t usec);

/* Those that are watched, oldest first: at start, what nobody looks at. */
int store_list_watched(Store *store, DeployList *ret);

typedef enum WatchVerdict {
        WATCH_VERDICT_OVER, /* it is not watched any more; nothing has changed */
        WATCH_VERDICT_LATER, /* a deploy of the stage waits or runs, which may replace it; nothing has changed */
        WATCH_VERDICT_DONE,
} WatchVerdict;

/*
 * Ends a watch as `state`, which is WATCH_HELD, WATCH_FAILED or WATCH_GONE. Of one that has failed, the same transaction queues the
 * deploy that brings the version before back; a full queue is no reason not to. `*ret_back` is its id, or 0; `*ret_reason` what the row
 * says from now on.
 */
int store_end_watch(Store *store, uint64_t id, WatchState state, const char *reason,
                    WatchVerdict *ret_verdict, uint64_t *ret_back, char **ret_reason);

/*
 * The digest that the stage has had, that failed its watch, and that pushes do not bring back: until a push of another digest, or a
 * person, has changed the stage since. Rows from `before` on do not count; UINT64_MAX: all do. 1 and a copy, or 0.
 */
int store_find_failed_digest(Store *store, int64_t stage_id, uint64_t before, char **ret);
