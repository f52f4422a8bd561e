/* SPDX-License-Identifier: MIT */
/*
 * Outcome: what became of a deploy, shown as the options of `ctl` ask for, and the exit code for it.
 */
#pragma once

#include "ctl/wait.h"

/*
 * Waits for the end of the deploy unless --no-wait was given, and shows its row. Returns 0 when what was asked for runs
 * (without waiting: when it is queued), CTL_EXIT_FAILURE for every other end, or a negative errno that was reported.
 */
int outcome_await(Wait *wait, uint64_t id, const char *project, const char *stage);
