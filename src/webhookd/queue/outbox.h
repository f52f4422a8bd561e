/* SPDX-License-Identifier: MIT */
/*
 * Outbox: what the journal and the bus are told once a transaction is on disk, and not before. A change in the store
 * and the notice of it are made together; outbox_flush() after the commit tells, outbox_drop() after a failed one
 * forgets.
 */
#pragma once

#include "shared/events.h"
#include "webhookd/store/store.h"

typedef enum NoticeSignal {
        NOTICE_NO_SIGNAL,
        NOTICE_PROJECT_ADDED,
        NOTICE_PROJECT_REMOVED,
        NOTICE_STAGE_CHANGED,
        NOTICE_DEPLOY_QUEUED,
        NOTICE_DEPLOY_FINISHED,
        NOTICE_WATCH_ENDED,
        NOTICE_SECRET_REGENERATED,
        NOTICE_HOOK_ADDED,
        NOTICE_HOOK_ROTATED,
        NOTICE_HOOK_REMOVED,
} NoticeSignal;

typedef struct Notice {
        EventId event;
        NoticeSignal signal;
        const char *text; /* the line in the journal */
        const char *project;
        const char *stage;
        const char *image;
        const char *digest;
        const char *delivery;
        const char *provider;
        const char *remote;
        const char *hook;
        uint64_t deploy;
        DeployState state; /* with NOTICE_DEPLOY_FINISHED */
        WatchState watch;  /* with NOTICE_WATCH_ENDED */
        uid_t caller_uid;  /* (uid_t) -1: none */
} Notice;

/* A Notice with nothing set but these two. */
#define NOTICE(e, s) ((Notice){ .event = (e), .signal = (s), .caller_uid = (uid_t) -1 })

/* A Notice about a row, whose strings it borrows. Its text and its state are not set. */
Notice notice_about(const Deploy *deploy, EventId event, NoticeSignal signal);

typedef struct Outbox Outbox;

/* Told of each notice after its commit; `notice` is borrowed for the call. */
typedef void (*OutboxSink)(const Notice *notice, void *userdata);

int outbox_new(OutboxSink sink, void *userdata, Outbox **ret);
Outbox *outbox_free(Outbox *outbox);
DEFINE_CLEANUP(Outbox, outbox_free)

/* Copies `notice`. -ENOMEM: then the change has to be undone as well. */
int outbox_add(Outbox *outbox, const Notice *notice);

/* The row that a new one of the same stage put aside, if it did. As above. */
int outbox_add_superseded(Outbox *outbox, const char *project, const char *stage,
                          const EnqueueResult *result);

/* How many notices wait; outbox_cut() forgets those that came after that many: for the undo of one request. */
size_t outbox_length(const Outbox *outbox);
void outbox_cut(Outbox *outbox, size_t length);

/* Hands every notice to the sink, in order. Returns whether there was any. */
bool outbox_flush(Outbox *outbox);
void outbox_drop(Outbox *outbox);
