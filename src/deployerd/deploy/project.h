/* SPDX-License-Identifier: MIT */
/* What root says of the project of a request, read against the engine that is there. */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/config/project-config.h"
#include "deployerd/engine/engine.h"
#include "deployerd/worker/deploy-request.h"

/* As project_config_load(); worker_error() has the sentence. */
int project_load(Engine *engine, const DeployerConfig *config, const DeployRequest *request,
                 ProjectConfig *ret);
