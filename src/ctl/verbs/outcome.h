/* SPDX-License-Identifier: MIT */
/*
 * Outcome: what became of a deploy, shown as the options of `ctl` ask for, and the exit code for it.
 */
#pragma once

#include "ctl/print/rows.h"
#include "ctl/verbs/wait.h"

/* Bytes of an advice with its end. */
#define OUTCOME_ADVICE_SIZE 512U

/* What is success? */
typedef enum OutcomeGoal {
        GOAL_RUNS,      /* what was asked for runs */
        GOAL_CANCELLED, /* it does not, and what ran before does */
} OutcomeGoal;

/* What to do about a deploy as it is, in `buffer` or static; NULL where that is plain. */
const char *outcome_advice(const DeployRow *row, OutcomeGoal goal, char buffer[static OUTCOME_ADVICE_SIZE]);

/*
 * Waits for the end of the deploy unless --no-wait was given, and shows its row. Returns 0 when it ended as is the goal,
 * and without waiting; CTL_EXIT_FAILURE for every other end, or a negative errno that was reported.
 */
int outcome_await(Wait *wait, uint64_t id, const char *project, const char *stage, OutcomeGoal goal);

/* The same for a deploy that somebody queued earlier, and that may be over. */
int outcome_await_listed(Wait *wait, uint64_t id, OutcomeGoal goal);
