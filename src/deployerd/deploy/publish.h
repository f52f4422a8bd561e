/* SPDX-License-Identifier: MIT */
/* Where the stage answers now, for the proxy in front of it. */
#pragma once

#include "deployerd/deploy/context.h"

/* Tells the proxy's configuration where the stage answers now. What fails is logged. */
void deploy_publish(Deploy *deploy, const InstanceList *list);
/* The same, as the engine has it: what was stopped and started again may answer at another port. */
void deploy_publish_now(Deploy *deploy);
/* That this failed the last time, for the end of a sentence; empty where it did not. */
const char *deploy_unpublished(const Deploy *deploy);
