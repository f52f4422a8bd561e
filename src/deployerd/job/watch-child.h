/* SPDX-License-Identifier: MIT */
/* What children do for those that are watched: one follows what happens to all of them, and others look at one of them each. */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/deploy/watch-judge.h"
#include "deployerd/worker/deploy-request.h"
#include "deployerd/worker/worker.h"

/* So many events, and then another child goes on: the lines of one are counted. */
#define WATCH_EVENTS_MAX 20000U

/*
 * Reports REPORT_OPEN once the engine tells what happens, and REPORT_EVENT for everything that happened to a container of ours. Ends with an
 * empty result when the engine has ended the stream. Errors are those of engine.h.
 */
int watch_child_follow(Worker *worker, const DeployerConfig *config);

/*
 * Looks at what the deploy has brought: ends with a result of the keys "verdict" (WATCH_LOOK_WELL, …) and "reason". Errors are those of
 * engine.h.
 */
int watch_child_look(Worker *worker, const DeployerConfig *config, const DeployRequest *request,
                     const WatchSigns *signs);

#define WATCH_LOOK_WELL    "well"
#define WATCH_LOOK_STOPPED "stopped" /* and it may come back */
#define WATCH_LOOK_FAILED  "failed"
#define WATCH_LOOK_GONE    "gone"
