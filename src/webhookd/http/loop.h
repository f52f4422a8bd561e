/* SPDX-License-Identifier: MIT */
/*
 * One loop of two: libh2o's, in which sd-event (bus, signals, timers, watchdog) is nested by its descriptor. h2o answers
 * nothing while it reads: after each of its turns flush() commits and sends.
 */
#pragma once

#include <systemd/sd-event.h>

#include "shared/macro.h"

typedef struct Loop Loop;
struct st_h2o_evloop_t;

typedef struct LoopHooks {
        /* Whether answers wait: then the loop does not sleep. */
        bool (*is_pending)(void *userdata);
        /* Called after every turn of h2o. */
        void (*flush)(void *userdata);
} LoopHooks;

/* Keeps a reference to `event`. */
int loop_new(sd_event *event, const LoopHooks *hooks, void *userdata, Loop **ret);
Loop *loop_free(Loop *loop);
DEFINE_CLEANUP(Loop, loop_free)

/* Borrowed; for server.c. */
struct st_h2o_evloop_t *loop_h2o(Loop *loop);

/* Runs until sd_event_exit(). Returns its exit code, or a negative errno. */
int loop_run(Loop *loop);
