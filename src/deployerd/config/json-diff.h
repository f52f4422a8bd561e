/* SPDX-License-Identifier: MIT */
/* Where two values of JSON differ. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/*
 * The places (JSON pointers, RFC 6901) of members of `after` that `before` does not have or has otherwise, and of members of
 * `before` that `after` does not have: an array of strings. What is no object on both sides is compared as a whole. -ENOMEM;
 * -E2BIG: one is nested deeper than JSON_DEPTH_MAX levels.
 */
int json_diff(const json_t *before, const json_t *after, json_t **ret);
