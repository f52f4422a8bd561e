/* SPDX-License-Identifier: MIT */
/* The last lines of a deploy: what both daemons told of it, and what its container said. */
#pragma once

#include "ctl/print/rows.h"

/*
 * As a NULL-terminated array, oldest first; strv_free(). Empty where this user may read none, or the journal has none any more.
 * Without journalctl, too: what is asked for is shown all the same. -ENOMEM, reported.
 */
int last_lines_read(const Ctl *ctl, const DeployRow *row, char ***ret);
