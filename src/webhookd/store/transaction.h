/* SPDX-License-Identifier: MIT */
/* Steps: transactions of one function. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/*
 * All or nothing for a function of several statements: a savepoint inside the open transaction, a
 * transaction of its own elsewhere. `_cleanup_(step_undo) Step step = { 0 };` undoes whatever did not reach
 * step_end().
 */
typedef struct Step {
        Store *store;
        bool nested;
} Step;

int step_begin(Step *step, Store *store);
int step_end(Step *step);
void step_undo(Step *step);

/* Whether sqlite has a transaction open, whoever began it. One of a store that was given up counts for nothing. */
bool store_in_transaction(const Store *store);
