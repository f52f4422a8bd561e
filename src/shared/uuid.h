/* SPDX-License-Identifier: MIT */
/* UUIDs in text, "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11" (RFC 9562). */
#pragma once

#include "shared/macro.h"

/* With its NUL. */
#define UUID_TEXT_SIZE 37U

/* A UUIDv4 of the kernel's random source, which nobody can guess. Errors of getrandom(2). */
int uuid_make(char ret[static UUID_TEXT_SIZE]);
