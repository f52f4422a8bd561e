/* SPDX-License-Identifier: MIT */
/* What the object on the bus and the daemon that has it agree on: what the one tells the other, and how long it may take. */
#pragma once

#include "shared/macro.h"

/* The first look at the engine, before the name is on the bus. */
#define PROBE_DEADLINE_USEC (2 * USEC_PER_SEC)

typedef struct ManagerHooks {
        /* Something happened: the idle time begins again. */
        void (*on_activity)(void *userdata);
        /* So many deploys run from now on. */
        void (*on_count)(unsigned n, void *userdata);
} ManagerHooks;
