/* SPDX-License-Identifier: MIT */
/* How a deploy stops what it replaces. Used by its steps, and above none of them. */
#pragma once

#include "deployerd/deploy/context.h"

/*
 * Asks the container to end, and has it killed after its time. One that had to be killed is told of, with what helps, once a deploy: it
 * costs that time at each. Errors of engine_container_stop().
 */
int deploy_stop(Deploy *deploy, const Container *container);
