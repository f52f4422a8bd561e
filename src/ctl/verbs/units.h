/* SPDX-License-Identifier: MIT */
/* Units: what systemd says of tinyforge's own, which starts none of them. */
#pragma once

#include "ctl/print/table.h"

/* A table of the socket and the services, and whether the socket is there and does not listen. Reports its faults. */
int units_ask(Ctl *ctl, Table **ret, bool *ret_is_deaf);
