/* SPDX-License-Identifier: MIT */
/* Listening: a socket that somebody else has opened to listen to, for this process to accept at. Knows sockets, and no HTTP library. */
#pragma once

#include "shared/macro.h"

/* A duplicate of `fd` that is never waited for, to be closed by the caller, and whether that is a socket of AF_UNIX. */
int listening_open(int fd, int *ret_fd, bool *ret_is_unix);
