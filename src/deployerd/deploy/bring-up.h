/* SPDX-License-Identifier: MIT */
/* From the container's creation to its health. */
#pragma once

#include "deployerd/deploy/context.h"

/* Creates, stops what has to make way, starts, waits, and gives it its aliases. -EREMOTEIO: it did not come up. Undoes nothing. */
int deploy_bring_up(Deploy *deploy);
