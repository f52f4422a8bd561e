/* SPDX-License-Identifier: MIT */
/* The commit point of a deploy. */
#pragma once

#include "deployerd/deploy/context.h"

/*
 * Gives the new container its final name. An answer that was lost is asked for again; `*ret`, the container by that name,
 * is to be released in any case.
 */
int deploy_switch(Deploy *deploy, Container *ret);
