/* SPDX-License-Identifier: MIT */
/* The end of a forked child: at once, since the handlers and buffers that exit() would run and write are its parent's. */
#pragma once

#include "shared/macro.h"

/* libgcov writes its counters in a handler of exit(). This is there in builds with -Db_coverage=true alone. */
extern void __gcov_dump(void) __attribute__((weak));

static inline _Noreturn void child_exit(int status) {
        if (__gcov_dump)
                __gcov_dump();
        _exit(status);
}
