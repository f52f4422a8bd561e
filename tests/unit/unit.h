/* SPDX-License-Identifier: MIT */
/* cmocka and what it wants included before it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/macro.h"

static inline void unit_nothing(void **state) {
        (void) state;
}

/*
 * A test that can be run only under a condition. Where it does not hold, TAP is told so by the name: what
 * cmocka's skip() prints begins with "not ok", which is a failure to whoever reads it.
 */
#define UNIT_TEST_IF(condition, reason, f) UNIT_TEST_IF_FULL(condition, reason, f, NULL, NULL)
#define UNIT_TEST_IF_FULL(condition, reason, f, setup, teardown)           \
        ((condition) ? (struct CMUnitTest){ #f, f, setup, teardown, NULL } \
                     : (struct CMUnitTest){ #f " # SKIP " reason, unit_nothing, NULL, NULL, NULL })
