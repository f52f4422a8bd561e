/* SPDX-License-Identifier: MIT */
/* Files that are read as a whole, up to a size that their reader names. */
#pragma once

#include "shared/macro.h"

/* What is left to read of `fd`, freshly allocated, at most `max` bytes. -EFBIG: it is more; errors of read(); -ENOMEM. */
int read_whole(int fd, size_t max, char **ret, size_t *ret_length);
