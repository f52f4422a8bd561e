/* SPDX-License-Identifier: MIT */
/* The names of the peers: see peer.h. */
#include "ctl/peer.h"

#include "shared/protocol.h"

const Peer peer_webhook = {
        .bus_name = WEBHOOK_BUS_NAME,
        .path = WEBHOOK_PATH,
        .interface = WEBHOOK_INTERFACE,
        .unit = "tinyforge-webhookd.service",
};

const Peer peer_deployer = {
        .bus_name = DEPLOYER_BUS_NAME,
        .path = DEPLOYER_PATH,
        .interface = DEPLOYER_INTERFACE,
        .unit = "tinyforge-deployerd.service",
};

const Peer peer_systemd = {
        .bus_name = "org.freedesktop.systemd1",
        .path = "/org/freedesktop/systemd1",
        .interface = "org.freedesktop.systemd1.Manager",
        .unit = "init.scope",
};
