/* SPDX-License-Identifier: MIT */
/* Dispatch, as its files see it, and the deploys that are under way. For the files of this room alone. */
#pragma once

#include <systemd/sd-event.h>

#include "shared/bus/errors.h"
#include "webhookd/queue/backoff.h"
#include "webhookd/queue/deployer.h"
#include "webhookd/queue/dispatch-hooks.h"
#include "webhookd/queue/dispatch-limits.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/store/store.h"

typedef struct Dispatch Dispatch;
typedef struct Operation Operation;

/* A deploy that was handed to the deployer, until the store knows what became of it. */
struct Operation {
        Dispatch *dispatch;
        Deploy *deploy;
        DeployerCall *call; /* NULL once the reply is there */
        bool cancelled;     /* the reply says that everything is undone */
        bool failed;        /* the reply was an error, and `verdict` says what follows */
        ErrorVerdict verdict;
        DeployState outcome;
        char *reason;
        Operation *next, **slot;
};

struct Dispatch {
        Store *store;
        Deployer *deployer;
        Outbox *outbox;
        DispatchHooks hooks;
        void *userdata;
        DispatchLimits limits;
        char store_uuid[UUID_TEXT_SIZE];
        Operation *operations;
        unsigned n_operations;
        Backoff backoff;
        uint64_t passed; /* rows up to this one cannot be handed out before a call ends or a time comes */
        sd_event_source *timer;
        bool orphans;          /* there may be running rows without an operation, which may have to wait */
        DeployerCall *listing; /* what the engine has: asked before the first deploy, until it is told */
        bool listed;
        bool stopped;
};
