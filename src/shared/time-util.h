/* SPDX-License-Identifier: MIT */
/* The clocks, in µs. */
#pragma once

#include <time.h>

#include "shared/macro.h"

/* What `clock` says, in µs; CLOCK_MONOTONIC for spans and deadlines, CLOCK_REALTIME for what people read. */
static inline uint64_t now_usec(clockid_t clock) {
        struct timespec ts = { 0 };

        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}
