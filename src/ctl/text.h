/* SPDX-License-Identifier: MIT */
/*
 * Text from elsewhere on a terminal: no byte of it may move the cursor, change the title or hide what follows. Text is
 * UTF-8; what is not is shown byte by byte. One character counts as one column. For ctl.c and print/, through which all that
 * is shown goes. Pure: it never prints.
 */
#pragma once

#include "shared/macro.h"

/*
 * `text` with every character that controls the terminal, or the direction or visibility of other characters, written
 * as `\x1b` or `\u202e`, and a byte that is no UTF-8 as `\xff`. Freshly allocated; -ENOMEM is the only error.
 */
int text_escape(const char *text, char **ret);

/* The columns that escaped text takes. */
size_t text_width(const char *text);

/* Ends lines of escaped text where blanks are, so that none has more columns; a longer word has a line of its own. 0: no end. */
void text_wrap(char *text, size_t columns);

/* The bytes of the first `columns` columns of escaped text. */
size_t text_prefix(const char *text, size_t columns);
