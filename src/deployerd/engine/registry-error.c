/* SPDX-License-Identifier: MIT */
/* Sentences of registries: see registry-error.h. Gathered from Docker 20.10, Podman 4.3 and the distribution registry. */
#include "deployerd/engine/registry-error.h"

#include "deployerd/engine/trouble.h"
#include "deployerd/text.h"

/* These decide first: a rate limit is often told in the same breath as a missing login. */
static const char *const transient[] = {
        "toomanyrequests",
        "too many requests",
        "429 ",
        "500 internal server error",
        "502 bad gateway",
        "503 service",
        "504 gateway",
        "timeout",
        "timed out",
        "deadline exceeded",
        "no such host",
        "connection refused",
        "connection reset",
        "network is unreachable",
        "no route to host",
        "unexpected eof",
};

static const char *const final[] = {
        "not found",
        "manifest unknown",
        "manifest_unknown",
        "name unknown",
        "name_unknown",
        "repository name not known",
        "does not exist",
        "unauthorized",
        "authentication required",
        "no basic auth credentials",
        "access denied",
        "access to the resource is denied",
        "access forbidden",
        "permission denied",
        "403 forbidden",
        "denied:",
        "no matching manifest",
        "no image found in manifest list",
        "invalid reference",
        "unsupported manifest",
        "unsupported media type",
        "unsupported image-specific operation on artifact",
        "server gave http response to https client",
        "x509:",
};

int registry_error_classify(const char *message) {
        assert(message);

        if (trouble_of(message) == TROUBLE_DISK_FULL)
                return -ENOSPC;
        if (text_contains_any(message, transient, ELEMENTSOF(transient)))
                return -EHOSTUNREACH;

        return text_contains_any(message, final, ELEMENTSOF(final)) ? -ENOPKG : -EHOSTUNREACH;
}
