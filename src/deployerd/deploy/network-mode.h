/* SPDX-License-Identifier: MIT */
/* NetworkMode, the word of a container's body that says where its network comes from. */
#pragma once

#include <string.h>

#include "shared/macro.h"

/* Whose network "container:<name or id>" shares, borrowed; NULL for any other mode, and for NULL. */
static inline const char *network_mode_owner(const char *mode) {
        static const char prefix[] = "container:";

        return mode && strncmp(mode, prefix, strlen(prefix)) == 0 ? mode + strlen(prefix) : NULL;
}
