/* SPDX-License-Identifier: MIT */
/*
 * CloudEvents (specification 1.0), structured (an envelope in the body) and binary (the envelope in headers
 * that begin with "ce-"). Pure.
 */
#pragma once

#include "webhookd/payload/format.h"

typedef struct CloudEvent {
        Bytes type, source, subject; /* without bytes where they are missing */
        uint64_t time;               /* as in push-time.h */
        const char *id; /* of a structured one; that of a binary one is in the head, see delivery-id.h */
        const json_t *data;
} CloudEvent;

/* False where it is none. All of it is borrowed. */
bool cloudevent_read(const Request *request, const json_t *body, CloudEvent *ret);
