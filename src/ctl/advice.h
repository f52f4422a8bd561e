/* SPDX-License-Identifier: MIT */
/*
 * Advice: what somebody can do about an error of D-Bus, be it a daemon's, the bus's or systemd's. For whoever shows the error.
 * Pure: it never prints anything.
 */
#pragma once

#include "ctl/peer.h"

/* What to do about the D-Bus error `name` of `peer`, one line; NULL where there is no advice. Static or in `buffer`. */
const char *advice_find(const Peer *peer, const char *name, char *buffer, size_t size);
