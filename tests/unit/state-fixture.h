/* SPDX-License-Identifier: MIT */
/* A StateDirectory= of its own for each test, which goes with all that is in it. */
#pragma once

#include <ftw.h>
#include <stdio.h>

#include "unit.h"

#define STATE_FIXTURE_DEPTH 8 /* descriptors that the walk keeps open */

static inline int state_set_up(void **state) {
        static char directory[] = "/tmp/tinyforge-test.XXXXXX";

        memcpy(strrchr(directory, '.'), ".XXXXXX", sizeof(".XXXXXX"));
        *state = directory;
        return !mkdtemp(directory) || setenv("STATE_DIRECTORY", directory, 1) < 0 ? -1 : 0;
}

static inline int state_remove(const char *path, const struct stat *st, int kind, struct FTW *at) {
        (void) st;
        (void) kind;
        (void) at;
        return remove(path);
}

static inline int state_tear_down(void **state) {
        (void) unsetenv("STATE_DIRECTORY");
        return nftw(*state, state_remove, STATE_FIXTURE_DEPTH, FTW_DEPTH | FTW_PHYS);
}
