/* SPDX-License-Identifier: MIT */
/* The one checked way from text to number. Pure. */
#pragma once

#include "shared/macro.h"

/* Decimal digits only, no sign, no space; -EINVAL for other text, -ERANGE above `max`. */
int parse_uint(const char *text, uint64_t max, uint64_t *ret);

/*
 * systemd's time spans ("90", "1min 30s", "1.5h", "500ms"; systemd.time(7)), a plain number counts seconds; µs, but not
 * "infinity". -EINVAL for other text, -ERANGE for what no uint64_t holds.
 */
int parse_sec(const char *text, uint64_t *ret_usec);
