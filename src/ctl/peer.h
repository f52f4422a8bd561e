/* SPDX-License-Identifier: MIT */
/*
 * Peer: one of the three that tinyforgectl asks, by its names on the bus. Everybody above may come in. It never calls
 * anybody: see client.h.
 */
#pragma once

#include "shared/macro.h"

typedef struct Peer {
        const char *bus_name;
        const char *path;
        const char *interface;
        const char *unit;      /* whose journal tells more */
        uint64_t timeout_usec; /* of a call; 0: the usual one */
} Peer;

extern const Peer peer_webhook;
extern const Peer peer_deployer;
extern const Peer peer_systemd;
