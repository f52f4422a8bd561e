/* SPDX-License-Identifier: MIT */
/* One event of a registry of the distribution project, which Azure's sends as well. Pure. */
#pragma once

#include "webhookd/payload/payload.h"

/* -ENOMEM is the only error. */
int registry_event_decode(const json_t *event, PushList *list);
