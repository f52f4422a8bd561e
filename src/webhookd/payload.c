/* SPDX-License-Identifier: MIT */
/* Recognising and decoding what senders post: see payload.h. */
#include "webhookd/payload.h"

#include <stdio.h>
#include <strings.h>

#include "webhookd/store.h"

/* In the order in which they are tried; the generic format is the last, since it looks at the least. */
static const PayloadFormat *const formats[] = {
        &payload_generic,
};

void push_list_done(PushList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                list->items[i].ref = image_ref_free(list->items[i].ref);
        free(list->delivery_id);
        list->delivery_id = NULL;
        list->n = 0;
}

static int push_set_digest(ImageRef *ref, const char *digest, JsonError *ret_error) {
        if (!image_digest_is_valid(digest)) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "the digest is none of sha256 or sha512");
                return -EBADMSG;
        }

        if (ref->digest) {
                if (streq(ref->digest, digest))
                        return 0;

                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "the image and the body name two digests");
                return -EBADMSG;
        }

        ref->digest = strdup(digest);
        return ref->digest ? 0 : -ENOMEM;
}

int push_list_add(PushList *list, const char *image, const char *digest, JsonError *ret_error) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        const char *reason = "";
        int r;

        assert(list);
        assert(image);
        assert(ret_error);

        if (list->n >= PUSHES_MAX) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "more than %u images", PUSHES_MAX);
                return -EBADMSG;
        }

        r = image_ref_parse(image, &ref, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "invalid image reference: %s",
                                reason);
                return -EBADMSG;
        }

        if (digest) {
                r = push_set_digest(ref, digest, ret_error);
                if (r < 0)
                        return r;
        }

        list->items[list->n++] = (Push){ .ref = TAKE_PTR(ref) };
        return 0;
}

/* JSON under any of its names, or no media type at all. */
static bool media_type_is_json(const Request *request) {
        const Header *header = request_header(request, "content-type");
        const char *type;
        size_t length = 0;

        if (!header || header->value.length == 0)
                return true;

        type = header->value.data;
        while (length < header->value.length && type[length] != ';' && type[length] != ' ' &&
               type[length] != '\t')
                length++;

        return (length == strlen("application/json") &&
                strncasecmp(type, "application/json", length) == 0) ||
               (length == strlen("text/json") && strncasecmp(type, "text/json", length) == 0) ||
               (length > strlen("+json") &&
                strncasecmp(type + length - strlen("+json"), "+json", strlen("+json")) == 0);
}

/* The id by which a sender tells a second copy of one delivery. */
static int delivery_id_read(const Request *request, PushList *list, JsonError *ret_error) {
        const Header *header = request_header(request, "idempotency-key");

        if (!header || header->value.length == 0)
                return 0;

        if (header->value.length > DELIVERY_ID_MAX) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "Idempotency-Key has more than %u bytes", DELIVERY_ID_MAX);
                return -EBADMSG;
        }

        /* It is stored, logged and compared as text: what cannot be that is refused. */
        for (size_t i = 0; i < header->value.length; i++) {
                unsigned char c = (unsigned char) header->value.data[i];

                if (c < 0x20 || c > 0x7e) {
                        (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                        "Idempotency-Key has a character that is not printable ASCII");
                        return -EBADMSG;
                }
        }

        list->delivery_id = bytes_to_string(header->value);
        return list->delivery_id ? 0 : -ENOMEM;
}

static int body_decode(const Request *request, PushList *list, JsonError *ret_error) {
        _cleanup_(json_freep) json_t *body = NULL;
        int r;

        r = json_decode(request->body.data, request->body.length, &body, ret_error);
        if (r < 0)
                return r;

        r = delivery_id_read(request, list, ret_error);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(formats); i++)
                if (formats[i]->recognise(request, body)) {
                        list->provider = formats[i]->name;
                        return formats[i]->decode(request, body, list, ret_error);
                }

        (void) snprintf(ret_error->text, sizeof(ret_error->text), "no image in the body");
        return -EBADMSG;
}

int payload_decode(const Request *request, PushList *ret, PayloadVerdict *ret_verdict,
                   JsonError *ret_error) {
        PushList list = { .provider = "unknown" };
        int r;

        assert(request);
        assert(ret);
        assert(ret_verdict);
        assert(ret_error);

        *ret_error = (JsonError){ .line = 0 };
        if (!media_type_is_json(request)) {
                *ret_verdict = PAYLOAD_UNSUPPORTED_MEDIA_TYPE;
                return 0;
        }

        r = body_decode(request, &list, ret_error);
        if (r < 0)
                push_list_done(&list);
        if (r == -EBADMSG) {
                *ret_verdict = PAYLOAD_MALFORMED;
                return 0;
        }
        if (r < 0)
                return r;

        *ret = list;
        *ret_verdict = PAYLOAD_OK;
        return 0;
}
