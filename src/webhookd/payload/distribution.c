/* SPDX-License-Identifier: MIT */
/*
 * The distribution project's registry (`docker-registry`, GitLab's, and others built on it): many events in
 * one envelope, for pushes, pulls, deletes and mounts, of layers as well as of manifests. `request.host` is
 * what the pusher dialled.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/registry-event.h"

static Recognition distribution_recognise(const Request *request, const json_t *body) {
        if (media_type_is(request, "application/vnd.docker.distribution.events.v1+json") ||
            media_type_is(request, "application/vnd.docker.distribution.events.v2+json"))
                return RECOGNISED_BY_MEDIA_TYPE;

        return json_object_get(body, "events") ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;
}

static int distribution_decode(const Request *request, const json_t *body, PushList *list,
                               JsonError *ret_error) {
        const json_t *events = json_object_get(body, "events");
        size_t n;
        int r;

        (void) request;
        (void) ret_error;

        /* Also one event without its envelope, alone or in a list. */
        if (!events)
                return registry_event_decode(body, NULL, list);

        r = push_list_limit_events(list, json_array_size(events), &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = registry_event_decode(json_array_get(events, i), NULL, list);

        return r;
}

const PayloadFormat payload_distribution = {
        .name = "distribution",
        .recognise = distribution_recognise,
        .decode = distribution_decode,
};
