/* SPDX-License-Identifier: MIT */
/* Sockets: where an engine may be asked on this machine, and whether this process may ask there. */
#pragma once

#include "shared/macro.h"

/* Where engines usually are, in the order of preference; NULL behind the last. Static text. */
const char *sockets_usual(size_t i);

/*
 * Whose process is looked for before anybody connects there; NULL: it does not matter. Systemd may listen for a Docker that does
 * not run, and Docker would bring its containers up. Podman's service only answers, and ends.
 */
const char *sockets_pid_file(size_t i);

/* Whether a socket is there, as far as this process can see. */
bool socket_is_there(const char *path);

/*
 * What to show of a socket: 1 where it, or the way to it, is there, and `*ret_usable` says whether this process may connect,
 * with the groups that it was started with; 0 where it is not.
 */
int socket_probe(const char *path, bool *ret_usable);
