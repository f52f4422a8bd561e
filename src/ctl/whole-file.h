/* SPDX-License-Identifier: MIT */
/*
 * Whole file: written beside its place and put there at once, so that nobody ever reads half of it. For verbs that write one.
 * It never knows what is in it.
 */
#pragma once

#include <stdio.h>

#include "shared/macro.h"

/* Writes the contents; what goes wrong with `file` itself is found by the caller. */
typedef int (*WholeFileWriter)(FILE *file, const void *userdata);

/*
 * Replaces `path`, which everybody may then read, by what `writer` writes. A link there is replaced and not followed. On
 * failure the old file stays: a negative errno of the file system, or the writer's.
 */
int whole_file_write(const char *path, WholeFileWriter writer, const void *userdata);
