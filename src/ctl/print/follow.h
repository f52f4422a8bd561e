/* SPDX-License-Identifier: MIT */
/*
 * Follow: shows where a deploy is while it is waited for. On a terminal that is one line, written anew; elsewhere one plain
 * line for each phase, and for each tenth of a pull; with --json one object a line for all that is told.
 */
#pragma once

#include "ctl/ctl.h"

typedef struct Follow Follow;

/* Draws nothing yet. `ctl` has to outlive it. Reports its faults. */
int follow_new(const Ctl *ctl, Follow **ret);
/* Clears what is on the terminal. */
Follow *follow_free(Follow *follow);
DEFINE_CLEANUP(Follow, follow_free)

/* The deploy got to a phase; it may get to it again. Texts are anybody's. */
void follow_phase(Follow *follow, uint64_t id, const char *phase, const char *detail);

/* Whether this is the phase that was told last; NULL: none was yet. */
/* The same, with this detail. */
bool follow_has_told(const Follow *follow, const char *phase, const char *detail);
bool follow_is_at(const Follow *follow, const char *phase);

/* Writes the line of a terminal anew, for its seconds; nothing elsewhere. */
void follow_draw(Follow *follow);

/* Takes the line from the terminal, so that something else can be said. follow_draw() brings it back. */
void follow_clear(Follow *follow);
