/* SPDX-License-Identifier: MIT */
/*
 * IgnoreReason: why something in an authentic body is not deployed. The words are part of the interface:
 * they stand in the answer's `ignored` and in the journal, each with its explanation.
 */
#pragma once

#include "shared/macro.h"

#define IGNORE_REASONS(X)                                                                               \
        X(PING, "ping", "the sender's test call")                                                       \
        X(PULL, "pull", "an image was fetched, none was pushed")                                        \
        X(DELETE, "delete", "an image or a tag was removed, none was pushed")                           \
        X(NOT_A_PUSH, "not-a-push", "an action that brings no new image")                               \
        X(UNKNOWN_EVENT, "unknown-event", "an event that is not known to say that an image was pushed") \
        X(UNTAGGED, "untagged", "no tag was moved: stages are chosen by tags")                          \
        X(NOT_A_MANIFEST, "not-a-manifest", "a layer or another part of an image, not an image")        \
        X(NOT_A_CONTAINER, "not-a-container", "a package of another kind than a container image")       \
        X(ATTACHED, "attached", "a signature or another attachment of an image, told by its tag")       \
        X(NO_IMAGE, "no-image", "what names the image is missing or of another type")                   \
        X(INVALID_IMAGE, "invalid-image", "what the body names is no valid image reference")            \
        X(NO_HOST_ALIAS, "no-host-alias",                                                               \
          "the body does not tell the registry's address: set HostAliases= in webhookd.conf")           \
        X(TOO_MANY_IMAGES, "too-many-images",                                                           \
          "a body may name 64 images, in 1024 events; the rest is left out")                            \
        X(MORE_IGNORED, "more-ignored", "more was ignored than the 64 things listed before")

typedef enum IgnoreReason {
#define X(name, word, explanation) IGNORE_##name,
        IGNORE_REASONS(X)
#undef X
                        _IGNORE_REASON_MAX,
} IgnoreReason;

/* The word, and one sentence that explains it; static text. */
const char *ignore_reason_to_string(IgnoreReason reason);
const char *ignore_reason_explanation(IgnoreReason reason);
