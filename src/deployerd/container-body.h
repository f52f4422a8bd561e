/* SPDX-License-Identifier: MIT */
/*
 * The body of the Engine API's container-create: what a container of ours may do, which is very little. Its digest is
 * the label `config`, so that a container is known to be what would be made today.
 */
#pragma once

#include <jansson.h>

#include "deployerd/config-hash.h"
#include "deployerd/deploy-request.h"
#include "deployerd/engine.h"

/*
 * The body for `request` of an image with `digest`, publishing `port` (0: nothing) on the loopback. `*ret_hash` is of
 * everything in it but what differs from one deploy of the same thing to the next. -ENOMEM, -EIO.
 */
int container_body(const EngineQuirks *quirks, const DeployRequest *request, const char *digest,
                   uint16_t port, json_t **ret, char ret_hash[static CONFIG_HASH_SIZE]);
