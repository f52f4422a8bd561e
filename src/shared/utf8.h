/* SPDX-License-Identifier: MIT */
/*
 * Foreign text as UTF-8: whether it is that, and where it may be cut, which is between two characters. What is no UTF-8 is cut like
 * what is. Pure.
 */
#pragma once

#include "shared/macro.h"

/* How many of the first `max` bytes of `text` are whole characters: for "%.*s". */
int utf8_cut(const char *text, size_t max);

/* Takes away the piece of a character with which a text ends that was cut. */
void utf8_trim(char *text);

/* How many bytes of the beginning are a byte order mark, by which some editors mark a file that is UTF-8; 0: there is none. */
size_t utf8_mark_length(const char *bytes, size_t length);

/* How many bytes the character at `text` has; 0 where there is none. */
size_t utf8_length(const char *text);

/* The first byte that is no part of a character; NULL: all of `text` is UTF-8. */
const char *utf8_find_bad(const char *text);
