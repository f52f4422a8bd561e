/* SPDX-License-Identifier: MIT */
/*
 * Terminal: what is behind an output, and how wide it is. For ctl.c, print/ and verbs/, which lay
 * out what is shown, and for watch.c, which shows it again. It never prints.
 */
#pragma once

#include <stdio.h>

#include "shared/macro.h"

/* The width of the terminal behind `file`; 0: it is none, or does not say. */
size_t terminal_width(FILE *file);

/* Its lines; 0: none, or not known. */
size_t terminal_height(FILE *file);

/* Whether `file` is a terminal on which a line can be written anew: TERM= is set, and it is not "dumb". */
bool terminal_redraws(FILE *file);

/* Whether what is written there may be bold and coloured: the same, and NO_COLOR= is not set. */
bool terminal_is_coloured(FILE *file);
