/* SPDX-License-Identifier: MIT */
/*
 * What an engine tells of a registry's failure comes as a sentence, not as a code: this sorts the sentences. Pure.
 */
#pragma once

#include "shared/macro.h"

/*
 * -ENOPKG: it is not there or not for us, so asking again cannot help. -ENOSPC: what came has no room on the engine's disk.
 * -EHOSTUNREACH: anything else, since a needless attempt costs less than a lost deploy.
 */
int registry_error_classify(const char *message);
