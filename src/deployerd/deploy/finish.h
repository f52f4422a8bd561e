/* SPDX-License-Identifier: MIT */
/* The end of a deploy that has its container, and what goes then. */
#pragma once

#include "deployerd/deploy/context.h"

/* After the switch, or where none was needed: retires what `current` replaces, drops old images, ends the deploy. */
int deploy_finish(Deploy *deploy, const char *outcome, uint64_t current, const Container *container);
