/* SPDX-License-Identifier: MIT */
/* A property of a daemon's, for verbs that need one of them. */
#pragma once

#include "ctl/client.h"

/* The property of that name, a string, freshly allocated. Reports its faults. */
int property_get(Ctl *ctl, const Peer *peer, const char *name, char **ret);
