/* SPDX-License-Identifier: MIT */
/*
 * Backoff: how long each deploy that could not be done waits for its next attempt: RETRY_MIN_USEC, then twice as long each
 * time, up to RETRY_MAX_USEC. In memory only: after a restart everything is tried at once. All times are CLOCK_MONOTONIC, µs.
 */
#pragma once

#include "shared/macro.h"

#define RETRY_MIN_USEC (5 * USEC_PER_SEC)
#define RETRY_MAX_USEC (300 * USEC_PER_SEC)

typedef struct BackoffEntry {
        uint64_t deploy;
        uint64_t not_before;
        unsigned failures;
} BackoffEntry;

typedef struct Backoff {
        BackoffEntry *entries;
        size_t n, allocated;
} Backoff;

void backoff_done(Backoff *backoff);

/* How long it is to wait after its next failure. */
uint64_t backoff_delay(const Backoff *backoff, uint64_t deploy);
/* One more failure: returns how long to wait from `now`. When memory is short it is not remembered, only returned. */
uint64_t backoff_next(Backoff *backoff, uint64_t deploy, uint64_t now);
void backoff_forget(Backoff *backoff, uint64_t deploy);
bool backoff_is_over(const Backoff *backoff, uint64_t deploy, uint64_t now);
/* The first moment after `now` at which somebody's waiting is over; UINT64_MAX when nobody waits. */
uint64_t backoff_first(const Backoff *backoff, uint64_t now);
