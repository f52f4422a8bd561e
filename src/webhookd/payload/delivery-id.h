/* SPDX-License-Identifier: MIT */
/* DeliveryId: the id in a request's head by which a sender tells a second copy of one delivery. Pure. */
#pragma once

#include "shared/json.h"
#include "webhookd/request.h"

typedef enum DeliveryIdSource {
        DELIVERY_ID_NONE,
        DELIVERY_ID_WEBHOOK_ID, /* Standard Webhooks: with a verified signature, an id is never accepted twice */
        DELIVERY_ID_IDEMPOTENCY_KEY,
        DELIVERY_ID_FORGEJO,
        DELIVERY_ID_GITEA,
        DELIVERY_ID_GITHUB,
        DELIVERY_ID_NEXUS,
        DELIVERY_ID_CLOUD_EVENT,
} DeliveryIdSource;

typedef struct DeliveryId {
        char *text; /* owned; NULL with DELIVERY_ID_NONE */
        DeliveryIdSource source;
} DeliveryId;

void delivery_id_done(DeliveryId *id);

/* Whether it can be stored, logged and compared as text: 1 … DELIVERY_ID_MAX bytes of printable ASCII. */
bool delivery_id_is_valid(Bytes text);

/*
 * The first of the headers that has one. What a person chose and what protects from a replay has to be
 * right: -EBADMSG with the error filled. What a registry makes up is left away where it is of no use.
 * -ENOMEM.
 */
int delivery_id_read(const Request *request, DeliveryId *ret, JsonError *ret_error);
