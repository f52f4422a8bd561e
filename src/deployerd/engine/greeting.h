/* SPDX-License-Identifier: MIT */
/*
 * Greeting: what an engine says of itself in the headers of its answer to a ping, which costs it nothing. `GET /version` would
 * tell more, but both engines start programs to answer that.
 */
#pragma once

#include "deployerd/engine/http.h"
#include "deployerd/worker/worker.h"

#define GREETING_VERSION_SIZE 64U

typedef struct Greeting {
        char version[GREETING_VERSION_SIZE]; /* of the engine: "20.10.24"; empty where it is not told */
        char libpod[GREETING_VERSION_SIZE];  /* of Podman's own API: "4.3.1"; empty: it is Docker */
        unsigned newest;                     /* version of the Engine API, its second number: 41 for 1.41 */
} Greeting;

/*
 * Pings what listens there. 0; -EPROTONOSUPPORT: no engine that can be spoken to; -EIO: it fails; and the errors of
 * engine_http_call(). worker_error() has the sentence.
 */
int greeting_ask(Worker *worker, EngineHttp *http, Greeting *ret);

/* "1.41" → 41. -EINVAL: versions other than 1.x are not known. */
int greeting_parse_api(const char *text, unsigned *ret_minor);
