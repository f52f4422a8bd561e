/* SPDX-License-Identifier: MIT */
/* Whose fault it is that a container cannot be started: its own, or the engine's. Pure. */
#pragma once

#include "shared/macro.h"

/*
 * The errno for an answer of `status` (400 and above) to a start, with what the engine says. -EREMOTEIO: the container cannot
 * be started, and trying again does not mend it; -EIO: the engine is in trouble of its own.
 */
int start_error_classify(int status, const char *message);
