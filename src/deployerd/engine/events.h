/* SPDX-License-Identifier: MIT */
/* The events of all containers, as they happen. */
#pragma once

#include "deployerd/engine/engine.h"
#include "deployerd/engine/json-lines.h"

/* Event after event, until the stream ends, which it always does at some time: 0; errors of engine.h where it cannot be opened. */
int engine_follow_events(Engine *engine, void (*on_open)(void *userdata), JsonOnLine on_event,
                         void *userdata);
