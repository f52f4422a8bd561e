/* SPDX-License-Identifier: MIT */
/*
 * The budget of lines that a condition or a peer can repeat without an end: of each the first one is logged, then one a minute
 * with how many there were. A line is known by the address of its format, wherever it stands. Part of the log (log.h).
 */
#pragma once

#include "shared/macro.h"
#include "shared/time-util.h"

#define LOG_BUDGET_INTERVAL_USEC (60 * USEC_PER_SEC)
/* Lines that have one at a time; beyond, the one that was logged longest ago is forgotten. */
#define LOG_BUDGETS_MAX 32U

/* Whether the line may be logged at `now` (CLOCK_MONOTONIC, µs), and then how many such lines were left out since the last one. */
bool log_budget_take(const char *format, uint64_t now, uint64_t *ret_left_out);
