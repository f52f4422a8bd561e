/* SPDX-License-Identifier: MIT */
/*
 * The recipe of a deploy, from top to bottom, in a child process. At any point it can be killed and run again: what a
 * dead attempt left is known by its name and labels, and nothing of the old is touched before the new one is up and has its
 * final name. That rename is the commit point.
 *
 * The room deploy/ is what becomes of a stage: its containers and their names and labels (instance.h), what they are made of
 * (container-body.h), what a proxy is told of them (upstreams.h), how they are replaced (this file) and how they go
 * (removal.h). job/ alone comes here, in a child process. It never touches the bus. Which versions ran is in the engine alone;
 * what has to outlast the containers is in the notes beside this room (repository-note.h, volume-note.h, takeover.h).
 */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/deploy-request.h"
#include "deployerd/worker/worker.h"

/*
 * Ends with a result of the keys "outcome", "detail" and "container". Errors: -ENOPKG, -EHOSTUNREACH (the
 * registry), -EREMOTEIO (the new one did not come up, and there is no old one), -EBADE (the engine refuses), -EIO,
 * -ECONNREFUSED, -EPROTONOSUPPORT, -EPFNOSUPPORT, -EINTR, -ENOMEM.
 */
int deploy_run(Worker *worker, const DeployRequest *request, const DeployerConfig *config);
