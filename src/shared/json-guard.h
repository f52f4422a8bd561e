/* SPDX-License-Identifier: MIT */
/*
 * JsonGuard: what jansson allocates during one of its calls. Where it has no memory for a string that grows, jansson leaves
 * bytes out and goes on: it would read another image, write another answer, or copy beyond an end. The guard leaves the
 * call instead, and frees what the call has allocated. For json.c alone.
 */
#pragma once

#include <setjmp.h>

#include "shared/macro.h"

typedef struct JsonGuard {
        jmp_buf out;
        void **blocks; /* by their numbers; NULL: freed */
        size_t n, size;
} JsonGuard;

/* True: go on and call. False, a second time, where memory was short: nothing is left of the call. */
#define json_guard_enter(guard) (json_guard_begin(guard), setjmp((guard)->out) == 0)

void json_guard_begin(JsonGuard *guard);

/* The call is through, and what it allocated belongs to its caller. */
void json_guard_end(JsonGuard *guard);
