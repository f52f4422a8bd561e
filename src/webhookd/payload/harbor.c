/* SPDX-License-Identifier: MIT */
/*
 * Harbor: `type` and `event_data.resources`, in the words of 1.x or of 2.x, or the same data in a
 * CloudEvent. An untagged artifact has its digest in the place of the tag.
 */
#include "webhookd/payload/cloudevent.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"

#define EVENT_PREFIX "harbor."

static bool harbor_cloudevent(const Request *request, const json_t *body, CloudEvent *ret) {
        return cloudevent_read(request, body, ret) && bytes_begin_with(ret->type, EVENT_PREFIX);
}

static Recognition harbor_recognise(const Request *request, const json_t *body) {
        CloudEvent event;

        return json_object_get(body, "event_data") || harbor_cloudevent(request, body, &event) ||
                                               (json_object_get(body, "type") &&
                                                json_object_get(body, "occur_at"))
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static int harbor_decode_resource(const json_t *resource, const char *id, bool pushed, IgnoreReason reason,
                                  PushList *list) {
        _cleanup_(address_done) Address address = { 0 };
        const char *tag = field_text(resource, "tag"), *digest = field_text(resource, "digest");
        PushedImage image;
        int r;

        r = address_split(field_text(resource, "resource_url"), &address);
        if (r < 0)
                return r;

        image = (PushedImage){
                .host = address.host,
                .repository = address.repository,
                .tag = tag ? tag : address.tag,
                .digest = digest ? digest : address.digest,
                .delivery_id = id,
        };
        return pushed ? push_list_add_pushed(list, &image) : push_list_ignore(list, &image, reason);
}

/* "harbor.artifact.pushed" is told by its last word. */
static bool type_is_pushed(const char *type) {
        static const char *const pushes[] = { "PUSH_ARTIFACT", "pushImage", "pushed" };

        return word_is_one_of(type, pushes, ELEMENTSOF(pushes));
}

static int harbor_decode_resources(const json_t *data, const char *type, const char *id, PushList *list) {
        const json_t *resources = json_object_get(data, "resources");
        bool pushed = type_is_pushed(type);
        IgnoreReason reason = action_reason(type);
        size_t n;
        int r;

        if (json_array_size(resources) == 0)
                return push_list_ignore(list, NULL, pushed ? IGNORE_NO_IMAGE : reason);

        r = push_list_limit_events(list, json_array_size(resources), &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = harbor_decode_resource(json_array_get(resources, i), id, pushed, reason, list);

        return r;
}

static int harbor_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *data = json_object_get(body, "event_data");
        _cleanup_free_ char *type = NULL;
        CloudEvent event;
        const char *word;

        (void) ret_error;

        if (!harbor_cloudevent(request, body, &event))
                return harbor_decode_resources(data, field_text(body, "type"), NULL, list);

        type = bytes_to_string(event.type);
        if (!type)
                return -ENOMEM;

        word = strrchr(type, '.');
        data = json_object_get(event.data, "event_data");
        return harbor_decode_resources(data ? data : event.data, word ? word + 1 : type, event.id, list);
}

const PayloadFormat payload_harbor = {
        .name = "harbor",
        .recognise = harbor_recognise,
        .decode = harbor_decode,
};
