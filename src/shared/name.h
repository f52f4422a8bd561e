/* SPDX-License-Identifier: MIT */
/* Names of projects and stages: [a-z0-9][a-z0-9_-]{0,62}. Pure. */
#pragma once

#include "shared/macro.h"

#define NAME_MAX_LENGTH 63U

bool name_is_valid(const char *name);

/*
 * Makes a valid name of any text: capitals become small, every other character outside the alphabet a `-`,
 * leading `-` and `_` go, the end is cut at NAME_MAX_LENGTH; what is empty then becomes "project".
 * `attempt` 0 gives that name, n > 0 the same with "-<n+1>" at its end, still within the limit.
 * Freshly allocated; -ENOMEM is the only error.
 */
int name_make(const char *text, unsigned attempt, char **ret);
