/* SPDX-License-Identifier: MIT */
/*
 * Harbor: `type` and `event_data.resources`, in the words of 1.x or of 2.x, or the same data in a
 * CloudEvent. An untagged artifact has its digest in the place of the tag.
 */
#include "webhookd/payload/cloudevent.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

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

/* What the envelope says of all its resources. */
typedef struct HarborEvent {
        const char *type; /* its last word, in a CloudEvent */
        const char *id;
        uint64_t time;
} HarborEvent;

/* "harbor.artifact.pushed" is told by its last word. */
static bool type_is_pushed(const char *type) {
        static const char *const pushes[] = { "PUSH_ARTIFACT", "pushImage", "pushed" };

        return word_is_one_of(type, pushes, ELEMENTSOF(pushes));
}

static int harbor_decode_resource(const json_t *resource, const HarborEvent *event, PushList *list) {
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
                .delivery_id = event->id,
                .pushed_at = event->time,
        };
        return type_is_pushed(event->type) ? push_list_add_pushed(list, &image)
                                           : push_list_ignore(list, &image, action_reason(event->type));
}

static int harbor_decode_resources(const json_t *data, const HarborEvent *event, PushList *list) {
        const json_t *resources = json_object_get(data, "resources");
        size_t n;
        int r;

        if (json_array_size(resources) == 0)
                return push_list_ignore(list, NULL,
                                        type_is_pushed(event->type) ? IGNORE_NO_IMAGE
                                                                    : action_reason(event->type));

        r = push_list_limit_events(list, json_array_size(resources), &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = harbor_decode_resource(json_array_get(resources, i), event, list);

        return r;
}

static int harbor_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *data = json_object_get(body, "event_data");
        HarborEvent event = { .type = field_text(body, "type"), .time = push_time_at(body, "occur_at") };
        _cleanup_free_ char *type = NULL;
        CloudEvent envelope;
        const char *word;

        (void) ret_error;

        if (!harbor_cloudevent(request, body, &envelope))
                return harbor_decode_resources(data, &event, list);

        type = bytes_to_string(envelope.type);
        if (!type)
                return -ENOMEM;

        word = strrchr(type, '.');
        event = (HarborEvent){ .type = word ? word + 1 : type, .id = envelope.id, .time = envelope.time };
        data = json_object_get(envelope.data, "event_data");
        return harbor_decode_resources(data ? data : envelope.data, &event, list);
}

const PayloadFormat payload_harbor = {
        .name = "harbor",
        .recognise = harbor_recognise,
        .decode = harbor_decode,
};
