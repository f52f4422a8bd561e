/* SPDX-License-Identifier: MIT */
/* Sentences of engines about a start: see start-error.h. Both answer 500 for most of what a container is to blame for. */
#include "deployerd/engine/start-error.h"

#include "deployerd/engine/trouble.h"
#include "deployerd/text.h"

static const char *const of_the_container[] = {
        "oci runtime",
        "runc",
        "crun",
        "exec:",
        "exec format error",
        "executable file",
        "no such file or directory",
        "permission denied",
        "port is already allocated",
        "address already in use",
        "bind for",
        "mount",
        "invalid",
        "no such user",
        "unable to find user",
        "not found",
};

int start_error_classify(int status, const char *message, bool once) {
        assert(message);

        if (status < 500 || status == 501)
                return -EREMOTEIO;

        /* What the engine lacks for itself decides first: it can have words of the list in it. */
        switch (trouble_of(message)) {
        case TROUBLE_DISK_FULL:
                return -ENOSPC;
        case TROUBLE_PASSING:
                return -EIO;
        case TROUBLE_NONE:
        default:
                return once || text_contains_any(message, of_the_container, ELEMENTSOF(of_the_container))
                                       ? -EREMOTEIO
                                       : -EIO;
        }
}
