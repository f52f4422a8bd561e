/* SPDX-License-Identifier: MIT */
/* Watch: a verb again and again, until Ctrl-C: --watch. */
#pragma once

#include "ctl/verb.h"

/*
 * On a terminal each answer takes the place of the one before; elsewhere one follows the other. Returns what the verb returned, where
 * it failed, and CTL_EXIT_FAILURE where nobody reads any more.
 */
int watch_run(Ctl *ctl, VerbFunction run, char *args[]);
