/* SPDX-License-Identifier: MIT */
/* Whether a container that was started comes up, and what can be told of one that did not. */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/deploy/health-spec.h"
#include "deployerd/engine/container-watch.h"
#include "deployerd/engine/containers.h"
#include "shared/deploy-steps.h"

/*
 * Waits until what there is to ask says that the container is well, and has said so for `stable_usec` (or a second) without a
 * restart: a probe from the host where `healthcheck` names one, else the HEALTHCHECK, else a connection to `port` at the container's
 * own address. Where there is none of these, or none is wanted, running for that long (or three seconds) has to do, and the journal
 * says so. `watch` (may be NULL) says when to look, and tells how a container ended that runs again; without it there is a look every
 * second. What is asked and answered is reported as PHASE_PROBING.
 *
 * The deadline, by which it has to be well, is `config`'s, or what a HEALTHCHECK takes to a verdict by its own times (start period,
 * retries, interval and time-out), where that is later.
 *
 * 0 when it is up, with `*ret` (where that is not NULL), as it was when it was found so, to be released; what was waited for is added
 * to `steps` (may be NULL) in any case. -EREMOTEIO, explained, when it ended, restarted, is unhealthy, or the deadline is over; errors
 * of engine.h.
 */
int health_wait(Engine *engine, ContainerWatch *watch, const char *id, const HealthSpec *spec,
                const DeployerConfig *config, DeploySteps *steps, Container *ret);

/*
 * What can be found out about a container that did not come up: its state, what the engine and its
 * health check (where `check_counts`) said and its own last lines, cleaned, on one line, at most `size` bytes; of what is too long the end is kept.
 * Also written to the journal, each by itself. Empty where nothing is known.
 */
void health_diagnose(Engine *engine, const char *id, bool check_counts, char *ret, size_t size);
