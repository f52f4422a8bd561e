/* SPDX-License-Identifier: MIT */
/* Volumes, as the engine knows them. Errors are those of engine.h. */
#pragma once

#include "deployerd/engine/engine.h"

/* The names of all that there are, as the keys of a new object. */
int engine_volume_list(Engine *engine, json_t **ret);
/* 0 also where there is none, or a container has it. */
int engine_volume_remove(Engine *engine, const char *name);
