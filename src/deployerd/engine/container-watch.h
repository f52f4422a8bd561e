/* SPDX-License-Identifier: MIT */
/* ContainerWatch: the events of one container, from before its start on, and what they told of its end. */
#pragma once

#include "deployerd/engine/container-end.h"
#include "deployerd/engine/engine.h"

/* Stays where it is as long as the stream is open: what comes on that is noted in it. */
typedef struct ContainerWatch {
        EngineHttpWatch *events; /* NULL: there is no stream */
        ContainerEnd end;
} ContainerWatch;

/* Watches the container of this name or id; -ENOMEM. `*ret` is to be released with container_watch_done(). */
int engine_container_watch(Engine *engine, const char *id, ContainerWatch *ret);
void container_watch_done(ContainerWatch *watch);
