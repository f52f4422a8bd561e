/* SPDX-License-Identifier: MIT */
/*
 * Delivery: the way of one request from its bytes to its answer, as a pure consequence of the request and the store.
 * The answer may be sent only after the turn's commit: see turn.h.
 *
 * The room delivery/ decides whether a push is followed. http/ brings requests; bus/ brings trials, and images to match
 * (matcher.h). Nothing here waits, commits, or sends an answer.
 */
#pragma once

#include "webhookd/delivery/trial.h"
#include "webhookd/hook/hook.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/queue/progress.h"
#include "webhookd/request.h"
#include "webhookd/store/store.h"
#include "webhookd/webhook-config.h"

typedef struct Delivery Delivery;

/* Borrows everything. */
int delivery_new(Store *store, const Hooks *hooks, const WebhookConfig *config, Outbox *outbox,
                 const Progress *progress, Delivery **ret);
Delivery *delivery_free(Delivery *delivery);
DEFINE_CLEANUP(Delivery, delivery_free)

/*
 * Answers `request`; opens the store's transaction when there is something to write, and leaves it open. Whatever goes
 * wrong becomes a status; a request that failed has changed nothing.
 */
void delivery_handle(Delivery *delivery, const Request *request, Answer *ret);

/*
 * Whether it takes the body to answer a request, of which only the head has come: whoever has no secret is refused without, and so is the
 * wrong method. The time it takes is that of hooks_check().
 */
bool delivery_needs_body(const Delivery *delivery, const Request *request);

/*
 * Makes the status and the body of an answer that has `deploys` anew, of what these are now: after the commit of its turn, and each
 * time before it is sent. `open` are the ids of those that are not through.
 */
void delivery_refresh(Delivery *delivery, Answer *answer, uint64_t open[static DEPLOYS_TOLD_MAX],
                      size_t *ret_n_open);

/*
 * The name of the hook whose secret that path has now; NULL: it has none, or none any more. Borrowed until hooks change.
 */
const char *delivery_find_hook(const Delivery *delivery, Bytes path);

/*
 * What delivery_handle() would make of a request that has the secret of `hook`, found out on its way and undone: nothing is
 * in the store, the outbox or the journal afterwards, and nothing is counted. Whether the disk would take it is not found out.
 * Negative errno where the store cannot be used; `*ret` is for trial_done().
 */
int delivery_try(Delivery *delivery, const Hook *hook, const Request *request, Trial *ret);

/* Logs how many refusals were not logged one by one; to be called before the end. */
void delivery_log_refusals(Delivery *delivery);
