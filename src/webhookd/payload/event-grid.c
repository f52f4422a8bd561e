/* SPDX-License-Identifier: MIT */
/*
 * Azure Event Grid, for Azure's container registry: one of the registry's events, in an envelope of Event Grid's own, or in
 * a CloudEvent. Before the first of them it asks, with an event of its own, whether they are wanted here.
 */
#include "webhookd/payload/cloudevent.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"
#include "webhookd/payload/registry-event.h"

#define EVENT_PREFIX    "Microsoft.ContainerRegistry."
#define VALIDATION_TYPE "Microsoft.EventGrid.SubscriptionValidationEvent"

static bool event_grid_cloudevent(const Request *request, const json_t *body, CloudEvent *ret) {
        return cloudevent_read(request, body, ret) && bytes_begin_with(ret->type, EVENT_PREFIX);
}

static Recognition event_grid_recognise(const Request *request, const json_t *body) {
        bool type = json_object_get(body, "eventType"), time = json_object_get(body, "eventTime");
        bool version = json_object_get(body, "metadataVersion"), data = json_object_get(body, "dataVersion");
        CloudEvent event;

        if (header_value(request, "aeg-event-type").length > 0)
                return RECOGNISED_BY_HEADER;

        return type + time + version + data >= 2 || event_grid_cloudevent(request, body, &event)
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

/* -ENOMEM is the only error. */
static int event_grid_validate(const json_t *data, PushList *list) {
        const char *code = field_text(data, "validationCode");
        char *copy;

        if (code && !list->validation_code && delivery_id_is_valid((Bytes){ code, strlen(code) })) {
                copy = strdup(code);
                if (!copy)
                        return -ENOMEM;
                list->validation_code = copy;
        }

        return push_list_ignore(list, NULL, IGNORE_PING);
}

static int event_grid_decode_type(const char *type, const json_t *data, RegistryEnvelope envelope,
                                  PushList *list) {
        const char *word;

        if (word_is(type, VALIDATION_TYPE))
                return event_grid_validate(data, list);
        if (!bytes_begin_with((Bytes){ type, strlen(type) }, EVENT_PREFIX))
                return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);

        word = type + strlen(EVENT_PREFIX);
        envelope.action = word_is(word, "ImagePushed") ? NULL : word;
        return registry_event_decode(data, &envelope, list);
}

static int event_grid_decode(const Request *request, const json_t *body, PushList *list,
                             JsonError *ret_error) {
        const RegistryEnvelope envelope = { .id = field_text(body, "id"),
                                            .pushed_at = push_time_at(body, "eventTime") };
        _cleanup_free_ char *type = NULL;
        CloudEvent event;

        (void) ret_error;

        if (!event_grid_cloudevent(request, body, &event))
                return event_grid_decode_type(strempty(field_text(body, "eventType")),
                                              json_object_get(body, "data"), envelope, list);

        type = bytes_to_string(event.type);
        if (!type)
                return -ENOMEM;

        return event_grid_decode_type(type, event.data,
                                      (RegistryEnvelope){ .id = event.id, .pushed_at = event.time }, list);
}

const PayloadFormat payload_event_grid = {
        .name = "event-grid",
        .recognise = event_grid_recognise,
        .decode = event_grid_decode,
};
