/* SPDX-License-Identifier: MIT */
/* Spans of time for people: "5s", "12min", "3h 20min". */
#pragma once

#include "shared/macro.h"

#define SPAN_SIZE 32U

/* Its `n_parts` largest parts, of days, hours, minutes and seconds; what is below is cut off. "0s" for less than a second. */
const char *span_format(uint64_t usec, unsigned n_parts, char buffer[static SPAN_SIZE]);
