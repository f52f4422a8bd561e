/* SPDX-License-Identifier: MIT */
/* Whether a container that was started comes up, and what can be told of one that did not. */
#pragma once

#include "deployerd/deployer-config.h"
#include "deployerd/engine-container.h"

/*
 * Waits until the container is healthy, or where its image has no HEALTHCHECK until it has run for
 * `stable_usec` without a restart. `watch` (may be NULL) only makes the next look come sooner. 0 when it is up;
 * -EREMOTEIO, explained, when it ended, restarted, is unhealthy, or the deadline is over; errors of engine.h.
 */
int health_wait(Engine *engine, EngineHttpWatch *watch, const char *id, bool has_healthcheck,
                const DeployerConfig *config);

/*
 * What can be found out about a container that did not come up: its state, the last output of its health check and its
 * own last lines, cleaned, on one line, at most `size` bytes. Also written to the journal. Empty where nothing is known.
 */
void health_diagnose(Engine *engine, const char *id, char *ret, size_t size);
