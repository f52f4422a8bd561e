/* SPDX-License-Identifier: MIT */
/* Files and directories whose content only root decides: what anyone else could have written configures nothing. */
#pragma once

#include <sys/stat.h>

#include "shared/macro.h"

/*
 * Opens `name` in the directory `at` for reading, without following a symbolic link at its end and without waiting for
 * anybody; `type` is S_IFREG or S_IFDIR. A descriptor; -ENOENT: it is not there; -EPERM with `*ret_problem` (static text):
 * it is something else, a symbolic link, not root's, or others may write it; another negative errno with
 * `*ret_problem` NULL.
 */
int trusted_open(int at, const char *name, mode_t type, const char **ret_problem);
