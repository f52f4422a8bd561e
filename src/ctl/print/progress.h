/* SPDX-License-Identifier: MIT */
/*
 * Progress: where a deploy is, as one line that fits a terminal. Pure: what is drawn, not where or when.
 */
#pragma once

#include "shared/macro.h"

/* How far a pull is: 0 … 100; -1 for every other phase, and where the detail does not begin with a percentage. */
int progress_percent(const char *phase, const char *detail);

/*
 * The line: elapsed seconds, phase, a bar where there is a percentage, detail. It takes less than `columns` columns, and
 * has no character that controls the terminal but those that make the phase bold where that is wanted. Freshly
 * allocated; -ENOMEM is the only error.
 */
int progress_line(const char *phase, const char *detail, uint64_t seconds, size_t columns, bool bold,
                  char **ret);
