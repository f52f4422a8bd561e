/* SPDX-License-Identifier: MIT */
/* Numbers of deploys, above those that containers have. */
#pragma once

#include "webhookd/queue/context.h"

/* New deploys get numbers above that of this instance, and one that waits with a lower number gets another. */
void dispatch_raise_ids(Dispatch *dispatch, const DeployerInstance *instance);
