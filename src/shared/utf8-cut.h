/* SPDX-License-Identifier: MIT */
/* Where foreign text may be cut: between two characters of UTF-8. What is no UTF-8 is cut like what is. Pure. */
#pragma once

#include "shared/macro.h"

/* How many of the first `max` bytes of `text` are whole characters: for "%.*s". */
int utf8_cut(const char *text, size_t max);

/* Takes away the piece of a character with which a text ends that was cut. */
void utf8_trim(char *text);
