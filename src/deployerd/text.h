/* SPDX-License-Identifier: MIT */
/*
 * What containers and engines say is shown to people, kept in a store and sent over a bus: it has to be text. For every room
 * that takes such words in. Pure: it never knows whose they are.
 */
#pragma once

#include "shared/macro.h"

/*
 * Makes `text` fit for JSON, D-Bus and one line of a journal, in place: what is no UTF-8 becomes '?', control
 * characters become spaces.
 */
void text_clean(char *text);

/* Whether one of the `n` words is in `text`, in whatever case. */
bool text_contains_any(const char *text, const char *const words[], size_t n);
