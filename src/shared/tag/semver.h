/* SPDX-License-Identifier: MIT */
/*
 * Versions as in semver.org 2.0.0, and ranges of them as npm has them. Pure; nothing is allocated.
 *
 * Tags are no strict versions, so a leading "v", missing numbers ("1.4" is 1.4.0, "1042" is 1042.0.0) and leading zeros
 * ("2024.01") are taken. A number above SEMVER_NUMBER_MAX makes that no version.
 *
 * Debian's libsv does the same, and was not taken: it compares pre-releases of different length beyond their end, lets
 * numbers wrap at 2^31, takes every pre-release, reads "^0", "~1.0", ">1", "<=1.2" and ">= 1.2" as something else than
 * npm, and never frees what a range is made of.
 */
#pragma once

#include "shared/macro.h"

/* The longest range, in bytes. */
#define SEMVER_RANGE_MAX 255U
/* One more has to be a number, too. */
#define SEMVER_NUMBER_MAX (UINT64_MAX - 1)

typedef struct Semver {
        uint64_t numbers[3];    /* major, minor, patch */
        const char *prerelease; /* "rc.1", borrowed from the text and not terminated; empty: a release */
        size_t prerelease_length;
} Semver;

/* -EINVAL: that is no version. What follows a "+" has to be well-formed, and counts for nothing. */
int semver_parse(const char *text, Semver *ret);

/* Less than, equal to or greater than 0, as strcmp(). */
int semver_compare(const Semver *a, const Semver *b);

/*
 * 0 when `range` is well-formed: comparators (`^1.4`, `~1.2`, `>=1.2 <2`, `1.x`, `1.2 - 1.4`, `*`) with a space between
 * them, which all have to hold, and `||` between alternatives. -EINVAL where it is not, with `*ret_reason` (static text)
 * and `*ret_offset` (the byte where it is wrong; either may be NULL). -ENAMETOOLONG above SEMVER_RANGE_MAX.
 */
int semver_range_validate(const char *range, const char **ret_reason, size_t *ret_offset);

/*
 * 1 when `version` is in the range, 0 when not, or the error of a bad range. A pre-release is in it only where one of the
 * comparators of the alternative names a pre-release of the same three numbers.
 */
int semver_range_match(const char *range, const Semver *version);
