/* SPDX-License-Identifier: MIT */
/* What the dispatcher tells the daemon. */
#pragma once

#include "webhookd/store/store.h"

/* changed(): there is something in the outbox. succeeded(): the image that this deploy
 * resolved to is on this machine, and runs. */
typedef struct DispatchHooks {
        void (*changed)(void *userdata);
        void (*succeeded)(const Deploy *deploy, void *userdata);
} DispatchHooks;
