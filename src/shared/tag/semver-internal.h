/* SPDX-License-Identifier: MIT */
/* What versions and ranges are scanned with; `*p` is moved behind what was read. */
#pragma once

#include "shared/tag/semver.h"

/* -EINVAL: no digit; -ERANGE: above SEMVER_NUMBER_MAX. */
int semver_scan_number(const char **p, uint64_t *ret);

/* What follows the numbers: "-rc.1+build", all of it optional. -EINVAL: an identifier is empty. */
int semver_scan_suffix(const char **p, Semver *version);
