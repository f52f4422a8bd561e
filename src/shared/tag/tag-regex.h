/* SPDX-License-Identifier: MIT */
/*
 * Tag patterns that are POSIX extended regular expressions, as the C library has them. The expression has to match the
 * whole tag. Pure. Root writes the expression and strangers the tag, so that what could make matching slow is refused
 * when it is set: references back, and repetitions that, written out, are too much.
 */
#pragma once

#include "shared/macro.h"

/* The longest expression, in bytes. */
#define TAG_REGEX_MAX 255U
/*
 * The most parts (characters, sets) that an expression may have once its repetitions are written out, as the library does
 * with counts and with "+". Within it the worst expressions found take some 100 ms on a small machine, most take 0.1 ms.
 */
#define TAG_REGEX_PARTS_MAX 256U
/* Longer texts are no tags, and match nothing. */
#define TAG_REGEX_TEXT_MAX 128U

/* Of a sentence about a bad expression, with its NUL. */
#define TAG_REGEX_REASON_SIZE 128U

/*
 * 0, or -EINVAL with a sentence in `ret_reason` and in `*ret_offset` the byte it is about, SIZE_MAX where the library does
 * not tell. -ENAMETOOLONG above TAG_REGEX_MAX. -ENOMEM.
 */
int tag_regex_validate(const char *expression, char ret_reason[static TAG_REGEX_REASON_SIZE],
                       size_t *ret_offset);

/* 1 when all of `text` matches, 0 when not; the errors of tag_regex_validate(). */
int tag_regex_match(const char *expression, const char *text);
