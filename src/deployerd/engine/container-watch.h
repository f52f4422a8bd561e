/* SPDX-License-Identifier: MIT */
/* ContainerWatch: the events of one container, from before its start on, and what they told of its end. */
#pragma once

#include "deployerd/engine/container-end.h"
#include "deployerd/engine/engine.h"

/* Stays where it is as long as the stream is open: what comes on that is noted in it. */
typedef struct ContainerWatch {
        EngineHttpWatch *events; /* NULL: there is no stream */
        ContainerEnd end;
        bool news; /* something came that can mean another state than the start has led to */
} ContainerWatch;

/* Watches the container of this name or id; -ENOMEM. `*ret` is to be released with container_watch_done(). */
int engine_container_watch(Engine *engine, const char *id, ContainerWatch *ret);
/* Whether what happens to the container is told, so that it need not be asked for; false for NULL. */
bool container_watch_tells(const ContainerWatch *watch);
/* Whether there was news since the last call; false for NULL. */
bool container_watch_take_news(ContainerWatch *watch);
void container_watch_done(ContainerWatch *watch);
