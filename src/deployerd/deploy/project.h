/* SPDX-License-Identifier: MIT */
/* What root says of the project of a request: read against the engine that is there, and what follows from it. */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/config/project-config.h"
#include "deployerd/deploy/health.h"
#include "deployerd/engine/container-list.h"
#include "deployerd/worker/deploy-request.h"

/* As project_config_load(); worker_error() has the sentence. Errors of engine.h. */
int project_load(Engine *engine, const DeployerConfig *config, const DeployRequest *request,
                 ProjectConfig *ret);

/*
 * Whether the project may run the request's repository: a file of root's says so, or it has run no other one, as far as a note and
 * its containers tell, of which `rows` are all. -EPERM, explained; errors of engine.h.
 */
int project_check_repository(Engine *engine, const ProjectConfig *project, const ContainerList *rows,
                             const DeployRequest *request);

/*
 * Whether the old container has to make way before a new one with this body is started: 1, with the reason (good until the
 * next call); 0; -EBADMSG, explained: it has to, and root wants otherwise.
 */
int project_replace(Worker *worker, const ProjectConfig *project, const DeployRequest *request,
                    const json_t *body, const char **ret_reason);

/* How a new container is asked for its health: root's word comes before the request's. Borrowed from both. */
HealthSpec project_health(const ProjectConfig *project, const DeployRequest *request, uint16_t port,
                          bool has_healthcheck);
