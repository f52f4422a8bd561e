/* SPDX-License-Identifier: MIT */
/* Who asks over the bus, as the store notes it. For the files of this room alone. */
#pragma once

#include <sys/types.h>

#include "webhookd/store/store.h"

/*
 * The caller of that uid, with the name that /etc/passwd has for it, which `name` takes. Directories beyond that file are not
 * asked: the loop does not wait for one, and whoever shows the uid can ask them.
 */
Asker bus_asker(uid_t uid, char name[static ASKER_USER_MAX + 1]);
