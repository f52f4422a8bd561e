/* SPDX-License-Identifier: MIT */
/* WatchState: what became of watching the container that a deploy brought. */
#pragma once

#include <stdint.h>

typedef enum WatchState {
        WATCH_NONE,     /* it is not watched */
        WATCH_WATCHING, /* until WatchOf.until */
        WATCH_HELD,     /* the time is over, and nothing was wrong */
        WATCH_FAILED,   /* the version before is brought back, where there is one */
        WATCH_GONE,     /* somebody stopped or removed it */
        WATCH_REPLACED, /* a newer deploy took its place */
        _WATCH_STATE_MAX,
} WatchState;

typedef struct WatchOf {
        WatchState state;
        uint64_t until; /* µs since the epoch; 0: it is not watched */
        char *reason;   /* why it ended so; or NULL */
} WatchOf;

/* "watching", …; "" for WATCH_NONE. */
const char *watch_state_to_string(WatchState state);
/* Of what is no such word, WATCH_NONE. */
WatchState watch_state_from_string(const char *name);
