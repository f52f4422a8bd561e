/* SPDX-License-Identifier: MIT */
/*
 * The networks of a new container. Whoever asks a network for an alias is sent to every container that has it, so where the old
 * one runs on beside the new one, the new one has none before it is well. And an engine that creates containers in one
 * network only has them join the others before they are started.
 */
#pragma once

#include <jansson.h>

#include "deployerd/engine/engine.h"

/*
 * Whether the engine can do what `patches` (an array of merge patches over the create body, or NULL) say of networks. -EBADMSG,
 * with a sentence that names the version of the API that can; -ENOMEM.
 */
int networks_check(Engine *engine, const json_t *patches);

/*
 * The Hostname of the body where it is a name in its networks from the start on, as Docker has it from version 1.44 of its API on;
 * NULL where it is none. Borrowed.
 */
const char *networks_early_name(const Engine *engine, const json_t *body);

/* Whether all networks that the body names are there. -EBADE, with the name of one that is not; errors of engine.h. */
int networks_look_up(Engine *engine, const json_t *body);

/*
 * What of the create body `body` the engine is asked for: with one network where `one`, whose MAC address is then the container's, and without any alias where
 * `nameless`. Shares with `body` what is the same. Pure; -ENOMEM is the only error.
 */
int networks_create_body(const json_t *body, bool one, bool nameless, json_t **ret);

/* Has the container `id`, which was created of that, join the networks that are missing. Errors of engine.h. */
int networks_join(Engine *engine, const char *id, const json_t *body, bool nameless);

/*
 * Gives the container its aliases: it leaves each network where it is to have some, and joins it again. Its addresses and the
 * ports that the engine chooses for it may be others afterwards. 1; 0: it has none to get; errors of engine.h.
 */
int networks_give_names(Engine *engine, const char *id, const json_t *body);
