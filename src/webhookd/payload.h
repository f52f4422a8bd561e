/* SPDX-License-Identifier: MIT */
/*
 * Payload: from the bytes that a sender posted to the images that it says were pushed. Pure: no store, no journal. A
 * table names the formats; each has a file of its own under payload/.
 */
#pragma once

#include "shared/image-ref.h"
#include "shared/json.h"
#include "webhookd/request.h"

/* Pushes of one body that are looked at; more are refused whole. */
#define PUSHES_MAX 64U

typedef struct Push {
        ImageRef *ref; /* owned; its digest is the pushed one where the sender names one */
} Push;

typedef struct PushList {
        Push items[PUSHES_MAX];
        size_t n;
        const char *provider; /* who sent it: "generic"; static text */
        char *delivery_id;    /* the sender's, or NULL; owned */
} PushList;

void push_list_done(PushList *list);

/* Takes a reference and perhaps a digest beside it. -EBADMSG with the error filled, -E2BIG when the list is full. */
int push_list_add(PushList *list, const char *image, const char *digest, JsonError *ret_error);

typedef enum PayloadVerdict {
        PAYLOAD_OK,
        PAYLOAD_UNSUPPORTED_MEDIA_TYPE,
        PAYLOAD_MALFORMED, /* with the error filled */
} PayloadVerdict;

/* Decodes the body. 0 with a verdict, or -ENOMEM. `*ret` is filled with PAYLOAD_OK only. */
int payload_decode(const Request *request, PushList *ret, PayloadVerdict *ret_verdict, JsonError *ret_error);

/*
 * A format: whether this body is its own, and what was pushed. decode() returns 0, -ENOMEM, or -EBADMSG with the error
 * filled.
 */
typedef struct PayloadFormat {
        const char *name;
        bool (*recognise)(const Request *request, const json_t *body);
        int (*decode)(const Request *request, const json_t *body, PushList *list, JsonError *ret_error);
} PayloadFormat;

extern const PayloadFormat payload_generic;
