/* SPDX-License-Identifier: MIT */
/* Sentences of engines about a start: see start-error.h. Both answer 500 for most of what a container is to blame for. */
#include "deployerd/engine/start-error.h"

#include "deployerd/text.h"

/* These decide first: what the engine lacks for itself can have words of the second list in it. */
static const char *const of_the_engine[] = {
        "dial unix",     "containerd.sock",        "deadline exceeded",   "shutting down",
        "no space left", "cannot allocate memory", "too many open files",
};

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

int start_error_classify(int status, const char *message) {
        assert(message);

        if (status < 500)
                return -EREMOTEIO;
        if (text_contains_any(message, of_the_engine, ELEMENTSOF(of_the_engine)))
                return -EIO;

        return text_contains_any(message, of_the_container, ELEMENTSOF(of_the_container)) ? -EREMOTEIO
                                                                                          : -EIO;
}
