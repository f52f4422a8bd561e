/* SPDX-License-Identifier: MIT */
/*
 * Watching: the rows that are watched, and whether the deployer knows of each. It has them watched, takes the verdicts, and writes them
 * down with the deploy that brings the version before back. The rows are the truth: at the start, and when the deployer died, all of
 * them are asked for again, and the deployer looks at what has happened meanwhile. While a deploy of the stage waits or runs, a
 * watch has no say: it goes on where that deploy does not take the stage over.
 */
#pragma once

#include <systemd/sd-event.h>

#include "webhookd/queue/outbox.h"
#include "webhookd/queue/watch-proxy.h"

/* Calls that are under way at a time. */
#define WATCH_CALLS_MAX 16U

/* How long what did not get through waits, at first and at last. */
#define WATCH_RETRY_MIN_USEC (1 * USEC_PER_SEC)
#define WATCH_RETRY_MAX_USEC (60 * USEC_PER_SEC)

typedef struct Watching Watching;

/* `changed`: there is something in the outbox, and maybe in the queue. All pointers are borrowed. */
int watching_new(sd_event *event, struct sd_bus *bus, Store *store, Outbox *outbox,
                 void (*changed)(void *userdata), void *userdata, Watching **ret);
Watching *watching_free(Watching *watching);
DEFINE_CLEANUP(Watching, watching_free)

/* Has everything watched that the store says is; at start. Not inside of a transaction, as all that follows. */
void watching_resume(Watching *watching);

/* The deployer says for how long what the running deploy brings is to be watched: µs, in digits. */
void watching_note(Watching *watching, uint64_t deploy, const char *usec);

/* Something became of a deploy, and was committed. */
void watching_follow(Watching *watching, const Notice *notice);

/* Whether nothing is watched. */
bool watching_is_idle(const Watching *watching);

/* No more calls. */
void watching_stop(Watching *watching);
