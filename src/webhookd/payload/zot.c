/* SPDX-License-Identifier: MIT */
/*
 * zot: CloudEvents `zotregistry.image.updated` and others, whose data has the repository as `name` and the tag as
 * `reference`. Whoever runs it may give the types another prefix, and the events the registry's address as their source;
 * without that the host is "zot", which wants an alias.
 */
#include "webhookd/payload/cloudevent.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"

#define EVENT_PREFIX "zotregistry."

/* By what is in it, whatever the type's prefix is. */
static bool data_is_zots(const json_t *data) {
        bool name = json_object_get(data, "name"), digest = json_object_get(data, "digest");
        bool type = json_object_get(data, "mediaType");

        return json_object_get(data, "reference") && name + digest + type >= 2;
}

static Recognition zot_recognise(const Request *request, const json_t *body) {
        CloudEvent event;

        if (!cloudevent_read(request, body, &event))
                return data_is_zots(body) ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;

        return bytes_begin_with(event.type, EVENT_PREFIX) || data_is_zots(event.data) ? RECOGNISED_BY_KEYS
                                                                                      : RECOGNISED_NOT;
}

/* The manifest is in the data, as a text. -ENOMEM is the only error. */
static int data_is_chart(const json_t *data, bool *ret) {
        const char *text = field_text(data, "manifest");
        _cleanup_(json_freep) json_t *manifest = NULL;
        JsonError error;
        int r;

        if (text) {
                r = json_decode(text, strlen(text), &manifest, &error);
                if (r == -ENOMEM)
                        return r;
        }

        *ret = type_is_chart(field_text(json_object_get(manifest, "config"), "mediaType"));
        return 0;
}

/* The last word of the type. Without an envelope nothing says what happened, but that there is an image. */
static bool event_is_push(const char *type, IgnoreReason *ret_reason) {
        const char *word = strrchr(type, '.');

        word = word ? word + 1 : type;
        *ret_reason = word_is(word, "created") || word_is(word, "lint_failed") ? IGNORE_NOT_A_PUSH
                                                                               : action_reason(word);
        return isempty(word) || word_is(word, "updated");
}

static int zot_decode_data(const CloudEvent *event, const char *type, const char *host, PushList *list) {
        const PushedImage image = {
                .host = host,
                .repository = field_text(event->data, "name"),
                .tag = field_text(event->data, "reference"),
                .digest = field_text(event->data, "digest"),
                .delivery_id = event->id,
                .pushed_at = event->time,
        };
        IgnoreReason reason;
        bool chart = false;
        int r;

        if (!event_is_push(type, &reason))
                return push_list_ignore(list, &image, reason);

        r = data_is_chart(event->data, &chart);
        if (r < 0)
                return r;

        return chart ? push_list_ignore(list, &image, IGNORE_NOT_A_PUSH)
                     : push_list_add_pushed(list, &image);
}

static int zot_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        _cleanup_(address_done) Address source = { 0 };
        _cleanup_free_ char *type = NULL, *text = NULL;
        CloudEvent event;
        int r;

        (void) ret_error;

        if (!cloudevent_read(request, body, &event))
                event = (CloudEvent){ .type = { "", 0 }, .source = { "", 0 }, .data = body };

        type = bytes_to_string(event.type);
        text = bytes_to_string(event.source);
        if (!type || !text)
                return -ENOMEM;

        /* As zot comes, the source is its project's name. */
        r = strstr(text, "://") ? address_split(text, &source) : 0;
        if (r < 0)
                return r;

        return zot_decode_data(&event, type, source.host, list);
}

const PayloadFormat payload_zot = {
        .name = "zot",
        .recognise = zot_recognise,
        .decode = zot_decode,
};
