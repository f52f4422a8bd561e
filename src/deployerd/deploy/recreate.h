/* SPDX-License-Identifier: MIT */
/* Whether two containers of one body can run side by side. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/*
 * Why the old container has to make way before a new one with this container-create body is started: "it publishes
 * the fixed host port 8080"; NULL where the two may overlap. `shareable` (NULL-terminated, or NULL) names the volumes and
 * host paths that two may write at the same time. The text is good until the next call: a process makes one
 * decision.
 */
const char *container_body_recreate_reason(const json_t *body, char *const *shareable);

/*
 * Where it would write what a container with these `mounts`, as the engine shows them, writes to as well: "it writes to the volume
 * 'data', which is not declared shareable"; NULL: nowhere. `shareable` and the text as above.
 */
const char *container_body_meets(const json_t *body, char *const *shareable, const json_t *mounts);
