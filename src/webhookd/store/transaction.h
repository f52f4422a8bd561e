/* SPDX-License-Identifier: MIT */
/* Steps: transactions of one function. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

typedef enum StepKind {
        STEP_TRANSACTION, /* one of its own */
        STEP_SAVEPOINT,   /* inside the open transaction */
        STEP_MARKED,      /* since a mark, which stands for it */
} StepKind;

/*
 * All or nothing for a function of several statements. `_cleanup_(step_undo) Step step = { 0 };` undoes whatever did not reach
 * step_end(), or sees to it that it is undone.
 */
typedef struct Step {
        Store *store;
        StepKind kind;
        size_t tallied; /* what the tally had at its begin */
} Step;

int step_begin(Step *step, Store *store);
int step_end(Step *step);
void step_undo(Step *step);
