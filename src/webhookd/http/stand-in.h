/* SPDX-License-Identifier: MIT */
/*
 * Stand-ins: functions of libh2o that this program has itself. The library calls them through its symbol table, where the
 * program comes first.
 */
#pragma once

#include <dlfcn.h>

#include "shared/macro.h"

#define STAND_IN __attribute__((visibility("default")))

/* Whether the program's libraries find that function by its name. */
static inline bool stand_in_is_found(const char *name, const void *function) {
        return dlsym(RTLD_DEFAULT, name) == function;
}
