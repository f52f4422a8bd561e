/* SPDX-License-Identifier: MIT */
/*
 * Refusals: requests that were answered with an error. Of each budget the first one is logged, then one entry a minute with how
 * many there were: who floods the socket does not flood the journal. Strangers share one budget. A hook has two of its own, so
 * that its sender's mistakes are not lost among them, nor a full queue among the mistakes.
 */
#pragma once

#include "webhookd/hook/hook.h"

#define REFUSALS_INTERVAL_USEC (60 * USEC_PER_SEC)
/* Two for each hook and for the main one. Hooks that are made when no budget is idle share that of strangers. */
#define REFUSAL_BUDGETS_MAX (1 + 2 * (HOOKS_MAX + 1))

/* A request that was refused. */
typedef struct Refusal {
        const char *remote;
        const char *hook;     /* the one whose secret was right, or NULL, as the next two are then */
        const char *provider; /* whose body it seems to be, or NULL */
        const char *detail;   /* what the sender was told */
        int status;
        bool is_queue_full;
} Refusal;

typedef struct RefusalBudget {
        char hook[64]; /* "": of strangers, or unused */
        bool is_queue_full;
        uint64_t logged_at; /* CLOCK_MONOTONIC, µs; 0: never */
        uint64_t n_unlogged;
} RefusalBudget;

typedef struct Refusals {
        RefusalBudget budgets[REFUSAL_BUDGETS_MAX]; /* the first is of strangers */
} Refusals;

void refusals_note(Refusals *refusals, const Refusal *refusal);
void refusals_log_rest(Refusals *refusals);
