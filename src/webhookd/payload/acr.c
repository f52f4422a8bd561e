/* SPDX-License-Identifier: MIT */
/*
 * Azure's container registry: one event of the distribution project's, without an envelope; `ping` when the
 * hook is tried, `chart_push` and others for what is no image.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/registry-event.h"

static Recognition acr_recognise(const Request *request, const json_t *body) {
        bool action = json_is_string(json_object_get(body, "action"));
        bool target = json_is_object(json_object_get(body, "target"));
        bool where = json_is_object(json_object_get(body, "request"));

        if (bytes_begin_with(header_value(request, "user-agent"), "AzureContainerRegistry/"))
                return RECOGNISED_BY_HEADER;

        return action + target + where >= 2 || word_is(field_text(body, "action"), "ping")
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static int acr_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        (void) request;
        (void) ret_error;

        return registry_event_decode(body, NULL, list);
}

const PayloadFormat payload_acr = {
        .name = "acr",
        .recognise = acr_recognise,
        .decode = acr_decode,
};
