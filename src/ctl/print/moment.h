/* SPDX-License-Identifier: MIT */
/* Moments for people, in the zone of whoever reads: "Sat 2026-01-31 12:34:56". */
#pragma once

#include "shared/macro.h"

#define MOMENT_SIZE 64U

/* A time since the epoch. Empty where it is 0, which is none, or no time that there is. */
const char *moment_format(uint64_t usec, char buffer[static MOMENT_SIZE]);
