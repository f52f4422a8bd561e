/* SPDX-License-Identifier: MIT */
/* NetworkMode, the word of a container's body that says where its network comes from. */
#pragma once

#include <string.h>

#include "shared/macro.h"

/* What is built in has another name with each engine, and none of it can be taken away. So is what has options: "slirp4netns:mtu=…". */
static inline bool network_mode_is_built_in(const char *mode) {
        static const char *const modes[] = { "",        "default",     "bridge", "host",  "none",
                                             "private", "slirp4netns", "pasta",  "podman" };

        for (size_t i = 0; i < ELEMENTSOF(modes); i++)
                if (streq(mode, modes[i]))
                        return true;

        return strchr(mode, ':');
}

/* Whose network "container:<name or id>" shares, borrowed; NULL for any other mode, and for NULL. */
static inline const char *network_mode_owner(const char *mode) {
        static const char prefix[] = "container:";

        return mode && strncmp(mode, prefix, strlen(prefix)) == 0 ? mode + strlen(prefix) : NULL;
}
