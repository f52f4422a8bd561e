/* SPDX-License-Identifier: MIT */
/* For status: whose the sockets of engines are, and whether the deployer may use them. */
#pragma once

#include "ctl/ctl.h"

/*
 * The value of EngineSockets at hand as JSON: [{"path", "group", "usable"}]. The group is found out here, since the deployer's
 * sandbox does not know any but its own; null where that fails.
 */
int engine_sockets_read(sd_bus_message *reply, json_t **ret);

/* " (group docker)" of the socket at `path`, or "". Borrowed from `*buffer`, which is freshly allocated. */
const char *engine_sockets_note(const json_t *sockets, const char *path, char **buffer);

/* Where no engine answers: what each socket is like, and what to do. `sockets` may be null. */
void engine_sockets_show(const Ctl *ctl, const json_t *sockets);
