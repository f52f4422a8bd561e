/* SPDX-License-Identifier: MIT */
/*
 * Take-over: the wish that the next deploy of a stage replaces what another store has left there as well. One file a stage,
 * "<project>.<stage>", which holds the UUID of the store that takes over, below the unit's StateDirectory=, so that it outlives
 * the daemon and a reboot. A deploy that comes up has fulfilled it. For deploy/, job/ and bus/. It never asks the engine.
 */
#pragma once

#include "shared/macro.h"

/* Notes the wish, in place of an earlier one. -EINVAL: no names; -ENOENT: the unit has no StateDirectory=; and of files. */
int takeover_note(const char *project, const char *stage, const char *store);

/* Whether that store is to take the stage over. What cannot be read is no wish. */
bool takeover_is_noted(const char *project, const char *stage, const char *store);

void takeover_forget(const char *project, const char *stage);

/* The stages that have one, "<project>/<stage>" each, NULL-terminated and freshly allocated, for strv_free(). */
int takeover_list(char ***ret);
