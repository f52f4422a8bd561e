/* SPDX-License-Identifier: MIT */
/*
 * Refusals: requests that strangers make and that were answered with an error. The first one is logged, then one entry
 * a minute with how many there were: who floods the socket does not flood the journal.
 */
#pragma once

#include "shared/macro.h"

#define REFUSALS_INTERVAL_USEC (60 * USEC_PER_SEC)

typedef struct Refusals {
        uint64_t logged_at; /* CLOCK_MONOTONIC, µs; 0: never */
        uint64_t n_unlogged;
} Refusals;

/* `hook` is the one whose secret was right, or NULL. */
void refusals_note(Refusals *refusals, const char *remote, const char *hook, int status);
void refusals_log_rest(Refusals *refusals);
