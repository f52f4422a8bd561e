/* SPDX-License-Identifier: MIT */
/* What the object on the bus tells the daemon that has it. */
#pragma once

typedef struct ManagerHooks {
        /* A call came: the daemon is not idle. */
        void (*activity)(void *userdata);
        /* A method put something into the outbox. */
        void (*changed)(void *userdata);
} ManagerHooks;
