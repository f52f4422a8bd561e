/* SPDX-License-Identifier: MIT */
/*
 * Removal: the end of a stage, or of a project. Everything that carries its labels goes, whatever its state and whichever
 * store made it, since whoever asks means the names. It is the whole life of a child process, and may be asked for again
 * after it was cut off.
 */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/worker.h"

/*
 * Stops and removes all instances of the stage (empty: of all stages of the project), pending ones as well, and gives their
 * images up: what has no other tag goes. The stage's file for proxies then says that it is down. Errors of engine.h; -EIO: one is
 * stopped, and stays, since its volumes cannot be noted; and -EINTR between two instances.
 */
int removal_run(Worker *worker, const DeployerConfig *config, const char *project, const char *stage);
