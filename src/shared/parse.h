/* SPDX-License-Identifier: MIT */
/* The one checked way from text to number. Pure. */
#pragma once

#include "shared/macro.h"

/* Decimal digits only, no sign, no space; -EINVAL for other text, -ERANGE above `max`. */
int parse_uint(const char *text, uint64_t max, uint64_t *ret);

/* systemd's time spans ("90", "1min 30s", "500ms", "2h"), a plain number counts seconds; µs. -EINVAL, -ERANGE. */
int parse_sec(const char *text, uint64_t *ret_usec);
