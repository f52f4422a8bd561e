/* SPDX-License-Identifier: MIT */
/* JSON for people, of which some members are marked by a star before each of their lines. */
#pragma once

#include "ctl/ctl.h"

/*
 * Prints the object `value`. `places` is an array of JSON pointers (RFC 6901): members at one of these are marked, and the
 * places at which there is no member are named below it.
 */
int marked_json_print(const Ctl *ctl, const json_t *value, const json_t *places);
