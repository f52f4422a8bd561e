/* SPDX-License-Identifier: MIT */
/*
 * The containers that a body shares a namespace with: "container:vpn" as its NetworkMode, PidMode or IpcMode. Engines miss one that
 * is gone or stopped only when they start the new container.
 */
#pragma once

#include <jansson.h>

#include "deployerd/engine/engine.h"

/* Whether all of them are there, and run. -EBADE: one is not there; -EIO: one does not run, which may pass; errors of engine.h. */
int owners_look_up(Engine *engine, const json_t *body);
