/* SPDX-License-Identifier: MIT */
/*
 * Deployerd: the whole daemon but its command line. It puts the rooms together, and main.c alone comes here. It never decides
 * anything about a deploy.
 */
#pragma once

#include "shared/macro.h"

typedef struct Deployerd Deployerd;

/* Reads the configuration and connects to the system bus. Logs what is wrong. */
int deployerd_new(const char *config_path, Deployerd **ret);
Deployerd *deployerd_free(Deployerd *deployerd);
DEFINE_CLEANUP(Deployerd, deployerd_free)

/* Looks for the engine, takes the name on the bus and serves until nothing happens any more, or SIGTERM. */
int deployerd_run(Deployerd *deployerd);
