/* SPDX-License-Identifier: MIT */
/*
 * Whether a container is where its body wants it: a network that was taken away, and one of another container that has been
 * replaced, leave a container running that nobody reaches.
 */
#pragma once

#include <jansson.h>

#include "deployerd/engine/containers.h"

/*
 * 1: `container` is on every network that `body` names, with an address, and shares the network of the container that has the
 * name today; 0: it is not; errors of engine.h.
 */
int attachment_holds(Engine *engine, const json_t *body, const Container *container);
