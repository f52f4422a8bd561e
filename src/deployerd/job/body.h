/* SPDX-License-Identifier: MIT */
/* The container that a deploy would make today, told to who asks, and what of it is root's doing. */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/deploy-request.h"
#include "deployerd/worker/worker.h"

/* See QUERY_BODY in queries.h. */
int query_body(Worker *worker, const DeployerConfig *config, const DeployRequest *request);
