/* SPDX-License-Identifier: MIT */
/*
 * Tag patterns with the semantics of Go's `path.Match`, UTF-8 aware: `*` and `?` never match `/`,
 * `[^a-z]` negates (and takes `/`, as there), `\` escapes. A malformed pattern is an error, whatever the text.
 * Pure; the time is bounded by the product of both lengths, whatever the pattern.
 */
#pragma once

#include "shared/macro.h"

/* The longest pattern that a stage may have, in bytes. */
#define GLOB_MAX 255U

/*
 * 0 when `pattern` is well-formed. -EINVAL where it is not, with `*ret_reason` (may be NULL; static text)
 * and `*ret_offset` (may be NULL; the byte where it is wrong). -ENAMETOOLONG above GLOB_MAX.
 */
int glob_validate(const char *pattern, const char **ret_reason, size_t *ret_offset);

/* 1 when all of `text` matches, 0 when not, -EINVAL or -ENAMETOOLONG for a bad pattern. */
int glob_match(const char *pattern, const char *text);

/*
 * Whether every tag (image-ref.h: ASCII, not empty, no `/`) that `narrow` matches is certainly matched by `wide`
 * too. True is a proof; false means "not known", and is the answer for patterns that are not valid. Used to tell that a
 * stage can never be reached.
 */
bool glob_covers(const char *wide, const char *narrow);
