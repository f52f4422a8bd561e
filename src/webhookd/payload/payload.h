/* SPDX-License-Identifier: MIT */
/*
 * Payload: from the bytes that a sender posted to the images that it says were pushed. Pure: no store, no
 * journal. A table names the formats; each has a file of its own under payload/.
 *
 * The room payload/ knows how registries and forges word a push. delivery/ includes this header; webhook-config.c includes
 * host-alias.h alone. Nothing here checks who sent the bytes, or decides what becomes of an image.
 */
#pragma once

#include "webhookd/payload/format.h"
#include "webhookd/payload/push-list.h"
#include "webhookd/request.h"

typedef enum PayloadVerdict {
        PAYLOAD_OK,
        PAYLOAD_UNSUPPORTED_MEDIA_TYPE,
        PAYLOAD_UNSUPPORTED_ENCODING, /* compressed, or the like; with the error filled */
        PAYLOAD_MALFORMED,            /* with the error filled */
} PayloadVerdict;

/*
 * Decodes the body; `host_aliases` (NULL-terminated, may be NULL) as in host-alias.h. 0 with a verdict, or
 * -ENOMEM. `*ret` is filled with PAYLOAD_OK only. What a person posts has to be right: anything else is
 * PAYLOAD_MALFORMED. A registry would repeat what was refused for ever, so that of a sender who is
 * recognised any JSON at all is PAYLOAD_OK, and what cannot be deployed is in the list's `ignored`.
 */
int payload_decode(const Request *request, char *const *host_aliases, PushList *ret,
                   PayloadVerdict *ret_verdict, JsonError *ret_error);

/*
 * What the sender of a form has signed, which is not the body: the JSON in its field "payload". 1, and `*ret` borrows
 * `*ret_buffer`; 0 where the body is no such form, and `*ret` is empty; -ENOENT where it has no such field; -ENOMEM.
 */
int payload_form(const Request *request, char **ret_buffer, Bytes *ret);

/* Whose body this is, or NULL. `body` is one event, not a list of them. */
const PayloadFormat *payload_recognise(const Request *request, const json_t *body);
