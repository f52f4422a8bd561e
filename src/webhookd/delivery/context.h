/* SPDX-License-Identifier: MIT */
/* Delivery, as its files see it, and one request that is being handled. For the files of this room alone. */
#pragma once

#include "shared/json.h"
#include "webhookd/delivery/matcher.h"
#include "webhookd/delivery/refusals.h"
#include "webhookd/delivery/trial.h"
#include "webhookd/hook/hook.h"
#include "webhookd/payload/payload.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/queue/progress.h"
#include "webhookd/request.h"
#include "webhookd/store/store.h"
#include "webhookd/webhook-config.h"

typedef struct Delivery Delivery;

struct Delivery {
        Store *store;
        const Hooks *hooks;
        const WebhookConfig *config;
        Outbox *outbox;
        const Progress *progress;
        Refusals refusals;
        Trial *trial; /* what is being handled is a trial, and is told here; NULL: it is a delivery */
};

/* A deploy that a delivery has come to, in the order in which it did. */
typedef struct Brought {
        int64_t project_id;
        int64_t after_id; /* as of Project */
        uint64_t deploy;
        bool is_open;  /* it was queued or ran then */
        bool may_wait; /* it was queued then, and this delivery is what it is for */
} Brought;

/* What one request is about while it is handled. */
typedef struct Handling {
        Delivery *delivery;
        const Hook *hook;
        const Request *request;
        const PushList *pushes;
        Asker asker;
        const char *final_id;    /* the delivery's, which must not be accepted twice; NULL: it has none */
        const char *delivery_id; /* of the push at hand, or NULL */
        uint64_t pushed_at;      /* of the push at hand, not after now, or 0 */
        json_t *deploys;         /* of the answer */
        json_t *ignored;
        uint64_t wait_usec; /* how long the sender waits for what comes of it; 0: not at all */
        Brought *brought;   /* room for DEPLOYS_TOLD_MAX */
        size_t n_brought, n_projects;
        bool has_order;     /* a project of those comes after another */
        uint64_t first_new; /* the lowest id of a deploy that is queued by this delivery; 0: none is */
        bool is_shared;     /* several projects have the image of the push at hand */
        bool replayed;      /* the final id was used before */
        bool accepted;      /* something new: 202 rather than 200 */
} Handling;
