/* SPDX-License-Identifier: MIT */
/* HealthSpec: what a project and its image say about health. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

typedef struct HealthSpec {
        bool has_healthcheck;    /* the image's own */
        const char *healthcheck; /* "", "image", "tcp", "http:/path", "none"; NULL is "" */
        const char *host;        /* whom an HTTP probe is for; NULL: the address that is asked */
        uint16_t port;           /* inside the container; 0: none */
        const json_t *check; /* what is known of the image's, where the container does not tell; may be NULL */
        uint64_t patience_usec; /* how long the image's may take at most where its times ask for it; or HealthDeadlineSec= */
        bool was_stable;         /* it has run long enough already */
        bool silence_is_well;    /* at the deadline, where the image's has said nothing yet */
        const char *other_ports; /* that its image exposes, for people to read; NULL is "" */
        uint16_t status_first;   /* of the answers that are well; 0: 200 … 399 */
        uint16_t status_last;
} HealthSpec;
