/* SPDX-License-Identifier: MIT */
/*
 * Asker: who asked for a deploy: a user over the bus, or a sender through a hook. It is noted with the row for people to read, and
 * decides nothing. A row that pushes joined keeps whoever made it.
 */
#pragma once

#include "shared/macro.h"

/* Bytes of a user's name that are kept. */
#define ASKER_USER_MAX 64U

typedef struct Asker {
        bool is_user; /* `uid` counts */
        uint32_t uid;
        const char *user;     /* the name that this uid had then; NULL: none is known */
        const char *hook;     /* of a sender: through which hook; NULL elsewhere */
        const char *provider; /* of a sender: in whose format; NULL elsewhere */
} Asker;
