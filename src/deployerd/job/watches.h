/* SPDX-License-Identifier: MIT */
/*
 * Watches: containers that are watched on after their deploys, seen from the parent. One child follows the engine's events for all of
 * them, however many they are; a short-lived one looks at a container when something happened to it, and once when its time is over.
 * Nobody asks the engine in between. What happened while no stream was open is seen by a look at all of them when one is.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/deploy-request.h"

/* Looks at a time; the others have their turn. */
#define WATCH_LOOKS_MAX 4U
/* Those that are watched at a time: beyond that, something asks that should not. */
#define WATCHES_MAX 16384U

/* How long is waited for an engine that does not answer, at first and at last, and how long in all when the time is over. */
#define WATCH_PAUSE_MIN_USEC (1 * USEC_PER_SEC)
#define WATCH_PAUSE_MAX_USEC (60 * USEC_PER_SEC)
#define WATCH_GRACE_USEC     (10 * 60 * USEC_PER_SEC)

typedef struct Watches Watches;

typedef struct WatchesHooks {
        /* What a child reported about the engine. */
        void (*on_engine)(const json_t *report, void *userdata);
        /* One is over: WATCH_VERDICT_HELD, … */
        void (*on_end)(const DeployRequest *request, const char *verdict, const char *reason,
                       void *userdata);
} WatchesHooks;

/* `config` is borrowed; `hooks` is copied. */
int watches_new(sd_event *event, const DeployerConfig *config, const WatchesHooks *hooks, void *userdata,
                Watches **ret);
Watches *watches_free(Watches *watches);
DEFINE_CLEANUP(Watches, watches_free)

/*
 * Watches what the deploy of `request` has brought for `usec` from now on, and takes the request over; one of the same deploy is begun anew. On
 * failure it stays the caller's. -EUSERS: too many; -EINTR after watches_stop().
 */
int watches_begin(Watches *watches, DeployRequest *request, uint64_t usec);

/* A deploy of the stage by that store begins: whoever asked for a watch there asks again, if it does not take the stage over. */
void watches_leave(Watches *watches, const char *store, const char *project, const char *stage);

/* The containers of the stage (NULL or "": of all of the project) are removed: what is watched there is over. */
void watches_end(Watches *watches, const char *project, const char *stage, const char *reason);

/* Whether nothing is watched, and no child of theirs is left. */
bool watches_is_idle(const Watches *watches);

/* Watches nothing any more; their children end. */
void watches_stop(Watches *watches);
