/* SPDX-License-Identifier: MIT */
/* One event of a registry of the distribution project, which Azure's sends as well. Pure. */
#pragma once

#include "webhookd/payload/format.h"

/* What an envelope says of its event. */
typedef struct RegistryEnvelope {
        const char *action; /* goes before the event's own; NULL: it says none */
        const char *id;     /* where the event has none, as the next */
        uint64_t pushed_at;
} RegistryEnvelope;

/* `envelope` may be NULL. -ENOMEM is the only error. */
int registry_event_decode(const json_t *event, const RegistryEnvelope *envelope, PushList *list);
