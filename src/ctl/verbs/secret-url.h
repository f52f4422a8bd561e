/* SPDX-License-Identifier: MIT */
/* The URL that a sender calls, of a path that the daemon answers with. Both report their faults. */
#pragma once

#include "ctl/ctl.h"

/* Where the socket listens unless a drop-in says otherwise. */
#define URL_BASE_DEFAULT "http://127.0.0.1:8420"

/*
 * The part before the path; freshly allocated. Asked for before a secret is made, so that one which was made is always
 * shown.
 */
int url_read_base(Ctl *ctl, char **ret);

/* Shows the URL of the path that is in `reply`. */
int url_show(Ctl *ctl, const char *base, sd_bus_message *reply);
