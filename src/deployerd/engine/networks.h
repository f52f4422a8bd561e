/* SPDX-License-Identifier: MIT */
/* Networks, as far as containers join and leave them. Errors are those of engine.h. */
#pragma once

#include "deployerd/engine/engine.h"

/* From this version of its API on Docker creates containers in several networks, each with a MAC address of its own. */
#define ENGINE_API_MINOR_NETWORKS 44U

/* Whether a container can be created in more than one network; else it joins the others afterwards. */
bool engine_creates_in_networks(const Engine *engine);

/* Whether there is a network of that name or id: 1, 0. */
int engine_network_exists(Engine *engine, const char *network);

/* Has the container `id`, running or not, join `network` as the EndpointSettings `endpoint` say (NULL: as the engine likes). */
int engine_network_connect(Engine *engine, const char *network, const char *id, const json_t *endpoint);
int engine_network_disconnect(Engine *engine, const char *network, const char *id);
