/* SPDX-License-Identifier: MIT */
/* Strays: containers of ours in an engine that deploys are not in. */
#pragma once

#include "ctl/print/table.h"

/* A table of all of them; NULL where the deployer does not show them to this user. Reports its faults. */
int strays_ask(Ctl *ctl, Table **ret);
