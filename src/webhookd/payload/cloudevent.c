/* SPDX-License-Identifier: MIT */
/* CloudEvents: see cloudevent.h. What nobody else knows of them is answered here. */
#include "webhookd/payload/cloudevent.h"

#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

static Bytes text_bytes(const char *text) {
        return (Bytes){ strempty(text), strlen(strempty(text)) };
}

/* The version says so, or the media type, or what else every envelope has. */
static bool is_envelope(const Request *request, const json_t *body) {
        return json_object_get(body, "specversion") ||
               media_type_is(request, "application/cloudevents+json") ||
               media_type_is(request, "application/cloudevents-batch+json") ||
               (json_object_get(body, "type") && json_object_get(body, "source") &&
                json_object_get(body, "id"));
}

bool cloudevent_read(const Request *request, const json_t *body, CloudEvent *ret) {
        assert(request);
        assert(ret);

        if (header_value(request, "ce-type").length > 0) {
                *ret = (CloudEvent){
                        .type = header_value(request, "ce-type"),
                        .source = header_value(request, "ce-source"),
                        .subject = header_value(request, "ce-subject"),
                        .time = push_time_read(header_value(request, "ce-time")),
                        .data = body,
                };
                return true;
        }

        if (!is_envelope(request, body))
                return false;

        *ret = (CloudEvent){
                .type = text_bytes(field_text(body, "type")),
                .source = text_bytes(field_text(body, "source")),
                .subject = text_bytes(field_text(body, "subject")),
                .time = push_time_at(body, "time"),
                .id = field_text(body, "id"),
                .data = json_object_get(body, "data"),
        };
        return true;
}

static Recognition cloudevents_recognise(const Request *request, const json_t *body) {
        CloudEvent event;

        return cloudevent_read(request, body, &event) ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;
}

static int cloudevents_decode(const Request *request, const json_t *body, PushList *list,
                              JsonError *ret_error) {
        (void) request;
        (void) body;
        (void) ret_error;

        return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);
}

const PayloadFormat payload_cloudevents = {
        .name = "cloudevents",
        .recognise = cloudevents_recognise,
        .decode = cloudevents_decode,
};
