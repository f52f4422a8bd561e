/* SPDX-License-Identifier: MIT */
/* What an attempt left that died half way. */
#pragma once

#include "deployerd/deploy/context.h"

/*
 * What a dead attempt left behind: removes what it had not switched to, and what it had switched to and does not run, and puts back
 * what it had stopped. Afterwards the stage is what it was before that attempt.
 */
int deploy_recover(Deploy *deploy, const InstanceList *list);
