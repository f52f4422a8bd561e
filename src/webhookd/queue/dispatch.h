/* SPDX-License-Identifier: MIT */
/*
 * Dispatch: from the queue to the deployer and back. One deploy per stage and `max_deploys` in all at a time; what failed
 * for a passing reason waits longer each time (backoff.h). The rows are the truth: what this keeps in memory are the
 * calls under way and the times of waiting.
 *
 * The room queue/ carries out and tells what the store has written: it calls the deployer (deployer.h), knows where each
 * deploy is that runs (progress.h), lets projects learn from their images (inspector.h), and tells the journal and the bus
 * (outbox.h). webhookd.c wires these to each other; delivery/, bus/ and the turn use the outbox, delivery/ looks at the progress,
 * and bus/ calls the deployer as well. Nothing here decides which row a push becomes (store/enqueue.c does), or
 * speaks to an engine.
 */
#pragma once

#include <systemd/sd-event.h>

#include "webhookd/queue/deployer.h"
#include "webhookd/queue/dispatch-hooks.h"
#include "webhookd/queue/dispatch-limits.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/store/store.h"

typedef struct Dispatch Dispatch;

int dispatch_new(sd_event *event, Store *store, Deployer *deployer, Outbox *outbox,
                 const DispatchLimits *limits, const DispatchHooks *hooks, void *userdata, Dispatch **ret);
Dispatch *dispatch_free(Dispatch *dispatch);
DEFINE_CLEANUP(Dispatch, dispatch_free)

/*
 * Calls for the rows that are running and that nobody waits for: at start, those that a dead attempt left; later, those that
 * are to be undone. The deployer settles what became of them. Then as dispatch_kick().
 */
void dispatch_resume(Dispatch *dispatch);

/*
 * Hands out what is queued, as far as there is room. To be called outside of a transaction, when rows were added. Rows that were found
 * waiting before are not looked at again: as many as there may be, a new one is handed out at once.
 */
void dispatch_kick(Dispatch *dispatch);

/*
 * Has the deployer started where the transaction that is open has something to hand out: its commit takes as long as a disk, and a
 * deployer that starts meanwhile is waited for so much less. It is told nothing before the commit. Where that fails, it ends when it is idle.
 */
void dispatch_expect(Dispatch *dispatch);

/* What the deployer tells of a running deploy: the digest that it found, and how long the steps took, are kept. */
void dispatch_progress(Dispatch *dispatch, uint64_t deploy, const char *phase, const char *detail);

/* No more calls; those under way are left to the deployer, and asked about at the next start. */
void dispatch_stop(Dispatch *dispatch);
