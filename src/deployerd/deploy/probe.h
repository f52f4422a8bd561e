/* SPDX-License-Identifier: MIT */
/*
 * Probe: one question from the host to a container's own address: does it take a connection, does it answer HTTP well. The
 * published port says nothing: an engine's proxy accepts with nothing behind it.
 */
#pragma once

#include "shared/macro.h"

/* A target with the longest address and path, and what came of it; longer words are cut. */
#define PROBE_TEXT_SIZE 512U
/* A header line "Host: name". */
#define PROBE_HOST_SIZE 272U
/* Of the body of an answer no more is read; its status has said it all. */
#define PROBE_BODY_MAX (64U * 1024U)

typedef struct Probe {
        const char *address; /* numeric, IPv4 or IPv6 */
        uint16_t port;
        const char *path;      /* for GET; NULL: a connection is all that is asked for */
        const char *host;      /* of the header Host; NULL: the address and port */
        uint16_t status_first; /* of the answers that are well; 0: 200 … 399 */
        uint16_t status_last;
        uint64_t timeout_usec;
        int cancel_fd; /* readable when the process is to end */
} Probe;

/*
 * 1: it takes the connection, or answers with a status that is well; 0: it does not; -EINTR, at once: the process is to end; -ENOMEM.
 * `ret_text` has the sentence about 0 and 1: "http://172.17.0.3:8080/healthz answers 503".
 */
int probe_run(const Probe *probe, char ret_text[static PROBE_TEXT_SIZE]);
