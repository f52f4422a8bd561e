/* SPDX-License-Identifier: MIT */
/* What the files of Dispatch share; nobody else includes this. */
#pragma once

#include "shared/bus/errors.h"
#include "webhookd/queue/backoff.h"
#include "webhookd/queue/dispatch.h"

/* How long a write that the store refused waits for its next try. */
#define SETTLE_RETRY_USEC (5 * USEC_PER_SEC)

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
        unsigned max_deploys;
        uint64_t retry_for_usec;
        char store_uuid[UUID_TEXT_SIZE];
        Operation *operations;
        unsigned n_operations;
        Backoff backoff;
        sd_event_source *timer;
        bool orphans;          /* there may be running rows without an operation, which may have to wait */
        DeployerCall *listing; /* what the engine has: asked before the first deploy, until it is told */
        bool listed;
        bool stopped;
};

/* operation.c: takes over a call that is under way. */
void operation_link(Operation *operation);
Operation *operation_free(Operation *operation);
DEFINE_CLEANUP(Operation, operation_free)

/* Puts a notice about `deploy` into the outbox. */
void dispatch_tell(Dispatch *dispatch, const Deploy *deploy, EventId event, NoticeSignal signal,
                   DeployState state, const char *text);

/* The timer goes off at `when` at the latest; CLOCK_MONOTONIC, µs. */
void dispatch_arm(Dispatch *dispatch, uint64_t when);

/* settle.c: writes what became of the deploy. When the store refuses, the operation stays, and is tried again by the timer. */
void operation_settle(Operation *operation);

/* ids.c: new deploys get numbers above that of this instance, and one that waits with a lower number gets another. */
void dispatch_raise_ids(Dispatch *dispatch, const DeployerInstance *instance);
