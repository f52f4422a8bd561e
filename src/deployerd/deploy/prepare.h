/* SPDX-License-Identifier: MIT */
/* What a deploy has to know and to have before it touches any container. */
#pragma once

#include "deployerd/deploy/context.h"

/*
 * Reads what root says of the project, and counts with its limits from then on. A mistake is explained, and can be found again
 * by asking again.
 */
int deploy_read_project(Deploy *deploy);

/* Gets the image here, makes the body, and lists what is there `before`. */
int deploy_prepare(Deploy *deploy);
