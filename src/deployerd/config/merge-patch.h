/* SPDX-License-Identifier: MIT */
/* JSON Merge Patch, RFC 7396. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/*
 * What `patch` makes of `target` (NULL: nothing is there), as a new value that shares nothing with either. -ENOMEM; -E2BIG:
 * one of them is nested deeper than JSON_DEPTH_MAX levels.
 */
int merge_patch(const json_t *target, const json_t *patch, json_t **ret);
