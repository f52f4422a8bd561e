/* SPDX-License-Identifier: MIT */
/*
 * AsUser: to look at files as another user would. Root can read everything, and so learns nothing of what a daemon can that runs as
 * somebody else. Only the effective ids change: whoever is that user cannot trace or stop the process meanwhile.
 */
#pragma once

#include "shared/macro.h"

/* 1: the process has the rights of the user, and of its groups; 0: it is not root's, or there is no such user. Negative errno. */
int as_user_begin(const char *name);
/* Back to root, though without the groups that root had. */
int as_user_end(void);
