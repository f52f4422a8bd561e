/* SPDX-License-Identifier: MIT */
/*
 * Google's Artifact Registry and Container Registry, through Pub/Sub: `action` INSERT, and `tag` and `digest` as whole
 * references. It comes in the envelope of a push subscription, whose data is base64, or without one, where the
 * subscription unwraps it.
 */
#include <strings.h>

#include "webhookd/payload/base64.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

static bool is_envelope(const json_t *body) {
        const json_t *message = json_object_get(body, "message");

        return json_object_get(body, "subscription") || json_object_get(message, "data") ||
               json_object_get(message, "messageId");
}

static bool is_notice(const json_t *body) {
        bool action = json_object_get(body, "action"), digest = json_object_get(body, "digest");
        bool tag = json_object_get(body, "tag");

        return action + digest + tag >= 2 && !json_object_get(body, "name") &&
               !json_object_get(body, "image");
}

static Recognition google_recognise(const Request *request, const json_t *body) {
        (void) request;

        return is_envelope(body) || is_notice(body) ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;
}

/* Whether both name the same repository, of which one may be missing. */
static bool is_same_repository(const Address *a, const Address *b) {
        return a->host && b->host && a->repository && b->repository && strcasecmp(a->host, b->host) == 0 &&
               strcasecmp(a->repository, b->repository) == 0;
}

/* Of a notice without an envelope, `message` is NULL: only the envelope has an id and a time. */
static int google_decode_notice(const json_t *notice, const json_t *message, PushList *list) {
        _cleanup_(address_done) Address tagged = { 0 }, digested = { 0 };
        const char *action = field_text(notice, "action");
        const Address *named;
        PushedImage image;
        int r;

        r = address_split(field_text(notice, "tag"), &tagged);
        if (r >= 0)
                r = address_split(field_text(notice, "digest"), &digested);
        if (r < 0)
                return r;

        named = tagged.repository ? &tagged : &digested;
        image = (PushedImage){
                .host = named->host,
                .repository = named->repository,
                .tag = tagged.tag,
                .digest = named == &digested || is_same_repository(&tagged, &digested) ? digested.digest
                                                                                       : NULL,
                .delivery_id = field_text(message, "messageId"),
                .pushed_at = push_time_at(message, "publishTime"),
        };
        return word_is(action, "INSERT") ? push_list_add_pushed(list, &image)
                                         : push_list_ignore(list, &image, action_reason(action));
}

static int google_decode_envelope(const json_t *message, PushList *list) {
        const char *text = field_text(message, "data");
        _cleanup_(json_freep) json_t *notice = NULL;
        _cleanup_free_ char *data = NULL;
        size_t length = 0;
        JsonError error;
        int r;

        r = text ? base64_decode(text, &data, &length) : -EBADMSG;
        if (r >= 0)
                r = json_decode(data, length, &notice, &error);
        if (r == -ENOMEM)
                return r;

        /* A topic may have other messages than a registry's. */
        return r < 0 || !is_notice(notice) ? push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT)
                                           : google_decode_notice(notice, message, list);
}

static int google_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        (void) request;
        (void) ret_error;

        return is_envelope(body) ? google_decode_envelope(json_object_get(body, "message"), list)
                                 : google_decode_notice(body, NULL, list);
}

const PayloadFormat payload_google = {
        .name = "google",
        .recognise = google_recognise,
        .decode = google_decode,
};
