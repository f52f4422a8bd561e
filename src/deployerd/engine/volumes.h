/* SPDX-License-Identifier: MIT */
/* Volumes, as the engine knows them. Errors are those of engine.h. */
#pragma once

#include "deployerd/engine/engine.h"

/* Whether there is a volume whose name begins so: 1, 0. */
int engine_volume_exists(Engine *engine, const char *prefix);
/* 0 also where there is none, or a container has it. */
int engine_volume_remove(Engine *engine, const char *name);
