/* SPDX-License-Identifier: MIT */
/* Whose fault it is that a container cannot be started: its own, or the engine's. Pure. */
#pragma once

#include "shared/macro.h"

/*
 * The errno for an answer of `status` (400 and above) to a start, with what the engine says. -EREMOTEIO: the container cannot
 * be started, and trying again does not mend it; -ENOSPC: the engine's disk is full; -EIO: the engine is in other trouble of
 * its own. A sentence that nobody knows is taken for the latter, since an attempt too many costs less than a lost deploy;
 * where each attempt is an outage (`once`) it is taken for the first.
 */
int start_error_classify(int status, const char *message, bool once);
