/* SPDX-License-Identifier: MIT */
/* Published: one place on the host where a container's port is reached. Pure; reads what inspecting a container told. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* "127.0.0.1:65535", or the longest textual IPv6 address in brackets with a port; and "/sctp". */
#define ENDPOINT_SIZE 64U
/* "sctp", the longest that an engine knows. */
#define PROTOCOL_SIZE 8U

typedef struct Published {
        uint16_t port; /* the container's */
        char protocol[PROTOCOL_SIZE];
        char endpoint[ENDPOINT_SIZE]; /* as published_print() has it */
} Published;

/*
 * One binding of the port `key` ("8080/tcp"): "127.0.0.1:49153", and behind that the protocol where it is another than tcp
 * ("127.0.0.1:49153/udp"). Empty where it is bound to nothing.
 */
void published_print(const char *key, const json_t *binding, char ret[static ENDPOINT_SIZE]);

/*
 * Everything in `ports` (NetworkSettings.Ports) that is bound to something, by the container's port, and of the same one tcp
 * first. `*ret` is to be freed. -ENOMEM.
 */
int published_list(const json_t *ports, Published **ret, size_t *ret_n);
