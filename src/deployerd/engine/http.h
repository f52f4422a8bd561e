/* SPDX-License-Identifier: MIT */
/*
 * EngineHttp: HTTP over the engine's unix socket, or to a container's own address, by libcurl, whose types appear nowhere
 * else. No proxy, no redirect, no name is ever resolved. Everything is bounded: the time of a call, the silence of a
 * stream, the bytes of an answer.
 */
#pragma once

#include "deployerd/engine/json-lines.h"
#include "deployerd/engine/url.h"

/* The most that is read of an answer that is not a stream. */
#define HTTP_BODY_MAX (8U * 1024U * 1024U)
/* The most that is read of a stream. */
#define HTTP_STREAM_MAX (256U * 1024U * 1024U)

/* A call that must not be broken off goes on for this long after the process was asked to end. */
#define HTTP_STEP_GRACE_USEC (15 * USEC_PER_SEC)

/* A call that only reads, one that asks a registry, one that changes something; the silence that ends a stream. */
#define ENGINE_READ_USEC     (30 * USEC_PER_SEC)
#define ENGINE_REGISTRY_USEC (60 * USEC_PER_SEC)
#define ENGINE_CHANGE_USEC   (120 * USEC_PER_SEC)
#define ENGINE_SILENCE_USEC  (300 * USEC_PER_SEC)

typedef struct EngineHttp EngineHttp;
typedef struct EngineHttpWatch EngineHttpWatch;

/* Bytes of a stream as they come; a negative errno breaks the call off with it. */
typedef int (*HttpOnData)(const char *bytes, size_t length, void *userdata);

typedef struct HttpRequest {
        const char *method;
        const char *path;      /* from the first slash on, with its query, escaped */
        const char *body;      /* JSON, or NULL */
        const char *header;    /* a line "Name: value" beside the usual ones, or NULL */
        uint64_t timeout_usec; /* of the whole call; 0: none */
        uint64_t silence_usec; /* the longest time without a byte; 0: any */
        bool interruptible;    /* broken off at once when the process is to end */
        HttpOnData on_data;    /* takes the body of a 2xx answer; NULL: it is collected */
        void *userdata;
        size_t enough; /* above 0: of the body nothing is kept, and after so many bytes no more is waited for */
} HttpRequest;

typedef struct HttpResponse {
        int status;
        char *body; /* NUL-terminated, never NULL */
        size_t length;
} HttpResponse;

/* `cancel_fd` becomes readable when the process is to end; borrowed. */
int engine_http_new(const char *socket_path, int cancel_fd, EngineHttp **ret);
/* The same to a numeric IPv4 or IPv6 address. */
int engine_http_new_address(const char *address, uint16_t port, int cancel_fd, EngineHttp **ret);
EngineHttp *engine_http_free(EngineHttp *http);
DEFINE_CLEANUP(EngineHttp, engine_http_free)

/*
 * One exchange on a connection of its own. 0 for an answer of any status; -ECONNREFUSED: nobody answers at the
 * socket; -EIO: it broke, was too large or took too long; -EINTR: the process is to end; -ENOMEM; what on_data
 * returned. engine_http_error() explains all but the last. `*ret` is to be released with http_response_done().
 */
int engine_http_call(EngineHttp *http, const HttpRequest *request, HttpResponse *ret);
void http_response_done(HttpResponse *response);

/* A header of the answer to the latest call, copied; empty where it was not there. Cut at `size`. */
void engine_http_get_header(const EngineHttp *http, const char *name, char *ret, size_t size);

/* A sentence about the latest failure; never NULL. */
const char *engine_http_error(const EngineHttp *http);

/*
 * Keeps a stream of lines of JSON open beside the calls. `on_line` hears each of them, in the middle of whatever call or wait
 * reads it. Returns when the answer has begun, so that nothing after that is missed, or after half a second without one.
 */
int engine_http_watch(EngineHttp *http, const char *path, JsonOnLine on_line, void *userdata,
                      EngineHttpWatch **ret);
EngineHttpWatch *engine_http_watch_free(EngineHttpWatch *watch);
DEFINE_CLEANUP(EngineHttpWatch, engine_http_watch_free)

/*
 * Whether the other side has ended the stream (NULL: there was none) after it had begun. An engine does so when it ends
 * itself, and before it does anything to its containers.
 */
bool engine_http_watch_is_cut(EngineHttpWatch *watch);

/* Whether the stream (NULL: there is none) is open, as far as that was read, and all that came on it was understood. */
bool engine_http_watch_tells(const EngineHttpWatch *watch);

/*
 * Waits until something comes on the stream of `watch` (may be NULL), at most `usec`. 1: it did; 0: the time is over;
 * -EINTR: the process is to end.
 */
int engine_http_wait(EngineHttp *http, EngineHttpWatch *watch, uint64_t usec);

/* Until the stream tells nothing any more: 0; -EINTR: the process is to end. */
int engine_http_follow(EngineHttp *http, EngineHttpWatch *watch);
