/* SPDX-License-Identifier: MIT */
/* Units: what systemd says of tinyforge's own, which starts none of them. */
#pragma once

#include "ctl/print/table.h"

/* A table of the sockets and the services, and how to open a socket where none listens, else NULL. Reports its faults. */
int units_ask(Ctl *ctl, Table **ret, const char **ret_opening);
