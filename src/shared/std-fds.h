/* SPDX-License-Identifier: MIT */
/*
 * Standard descriptors: input, output and errors, which a program may be started without. The first file that it opened would
 * then be one of them, and be written to by whatever prints.
 */
#pragma once

#include "shared/macro.h"

/*
 * To be called before anything is opened. What is closed becomes /dev/null, and nothing can be written to an output that is:
 * writes to it fail with EBADF, as they did before. Errors go nowhere. Ends the program where /dev/null cannot be opened.
 */
void std_fds_open(void);

/* Whether the program was started without a standard output. */
bool std_fds_lack_output(void);

/* strerror(), but what a write to an output that is closed fails with is told as what it is. */
const char *std_fds_error(int error);
