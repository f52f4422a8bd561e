/* SPDX-License-Identifier: MIT */
/* What the files of the Delivery share; nobody else includes this. */
#pragma once

#include "shared/json.h"
#include "webhookd/delivery/delivery.h"
#include "webhookd/delivery/matcher.h"
#include "webhookd/delivery/refusals.h"
#include "webhookd/delivery/trial.h"
#include "webhookd/payload/payload.h"

struct Delivery {
        Store *store;
        const Hooks *hooks;
        const WebhookConfig *config;
        Outbox *outbox;
        Refusals refusals;
        Trial *trial; /* what is being handled is a trial, and is told here; NULL: it is a delivery */
};

/* What one request is about while it is handled. */
typedef struct Handling {
        Delivery *delivery;
        const Hook *hook;
        const Request *request;
        const PushList *pushes;
        const char *final_id;    /* the delivery's, which must not be accepted twice; NULL: it has none */
        const char *delivery_id; /* of the push at hand, or NULL */
        uint64_t pushed_at;      /* of the push at hand, not after now, or 0 */
        json_t *deploys;         /* of the answer */
        json_t *ignored;
        uint64_t first_new; /* the lowest id of a deploy that is queued by this delivery; 0: none is */
        bool replayed;      /* the final id was used before */
        bool accepted;      /* something new: 202 rather than 200 */
} Handling;

/* delivery.c: a request that has the hook's secret. `now` is CLOCK_REALTIME in µs. */
void delivery_handle_known(Delivery *delivery, const Hook *hook, const Request *request, uint64_t now,
                           Answer *ret);

/* handling.c: a notice about the push at hand, or the whole of the delivery. */
Notice handling_notice(const Handling *handling, EventId event, NoticeSignal signal, const char *image);

/* Puts into the outbox what has become of a push, or of a trial into that. The words are static; `reason` may be NULL. */
int handling_tell(Handling *handling, const Notice *notice, const char *outcome, const char *reason);

/* Answers and tells that nothing comes of a push, and why; `match` may be NULL. */
int handle_ignored(Handling *handling, const char *image, const Match *match, const char *reason);

/* The same of what the decoder left aside. Its words are explained, since nobody here has made a rule for them. */
int handle_undecoded(Handling *handling, const Ignored *ignored);

/* When all pushes are handled: how the delivery is counted, and what its sender is answered. */
DeliveryOutcome handling_outcome(const Handling *handling);
int handling_answer(const Handling *handling, Answer *ret);

/* push.c: everything that comes of one push. */
int handle_push(Handling *handling, const Push *push);
