/* SPDX-License-Identifier: MIT */
/* JSON pointers (RFC 6901), as sentences name a place in a file. Pure. */
#pragma once

#include "shared/macro.h"

/* Bytes of a pointer that is shown; a longer one is cut. */
#define JSON_POINTER_SIZE 256U

/* "<pointer>/<key>", escaped and made fit for a journal. `ret` may be `pointer`. */
void json_pointer_append(const char *pointer, const char *key, char ret[static JSON_POINTER_SIZE]);
void json_pointer_append_index(const char *pointer, size_t index, char ret[static JSON_POINTER_SIZE]);
