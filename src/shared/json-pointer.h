/* SPDX-License-Identifier: MIT */
/* JSON pointers (RFC 6901), which name the place of a member in a value. Pure. */
#pragma once

#include "shared/macro.h"

/* A byte of a key as a pointer has it. How many bytes that are: one or two. */
size_t json_pointer_escape(char c, char ret[static 2]);

/* "<pointer>/<key>", escaped and freshly allocated. NULL: no memory. */
char *json_pointer_new(const char *pointer, const char *key);
