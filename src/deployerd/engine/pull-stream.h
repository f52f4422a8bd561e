/* SPDX-License-Identifier: MIT */
/*
 * PullStream: what POST /images/create answers. It says 200 before anything is known, and then tells in JSON objects, one a
 * line, how it goes; a failure is one of these objects, so the status says nothing. Pure.
 */
#pragma once

#include "shared/macro.h"

typedef struct PullStream PullStream;

/* How a layer is getting on. Borrowed. */
typedef struct PullStatus {
        const char *id;     /* "" where it is about all, or not of a layer: the tag that is pulled */
        const char *status; /* a few words */
        int64_t current;    /* bytes of `total`; both 0 where that is not told, never negative */
        int64_t total;
} PullStatus;

typedef void (*PullOnStatus)(const PullStatus *status, void *userdata);

int pull_stream_new(PullOnStatus on_status, void *userdata, PullStream **ret);
PullStream *pull_stream_free(PullStream *stream);
DEFINE_CLEANUP(PullStream, pull_stream_free)

/* Takes bytes as they come. -EBADMSG, for this and all later calls: no JSON, or a line that is too long; -ENOMEM. */
int pull_stream_feed(PullStream *stream, const char *bytes, size_t length);
/* Takes a last line without its end. As above. */
int pull_stream_finish(PullStream *stream);

/* The latest failure that was told, or NULL. Borrowed. */
const char *pull_stream_failure(const PullStream *stream);
/* What is wrong with the stream itself, after -EBADMSG. */
const char *pull_stream_problem(const PullStream *stream);
