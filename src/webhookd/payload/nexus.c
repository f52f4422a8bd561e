/* SPDX-License-Identifier: MIT */
/*
 * Nexus Repository: the webhook of a repository, for its components. A component of the format `docker` is an image with
 * its tag as version. Where Nexus is reached is not in the body: the host is "nexus", which wants an alias, of all its
 * repositories or of "nexus/<repository>".
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

static Recognition nexus_recognise(const Request *request, const json_t *body) {
        bool node = json_object_get(body, "nodeId"), initiator = json_object_get(body, "initiator");
        bool repository = json_object_get(body, "repositoryName");

        if (header_value(request, "x-nexus-webhook-id").length > 0)
                return RECOGNISED_BY_HEADER;

        return node + initiator + repository >= 2 ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;
}

static int nexus_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        static const char *const pushes[] = { "CREATED", "UPDATED" };
        const json_t *component = json_object_get(body, "component");
        const char *action = field_text(body, "action");
        const PushedImage image = {
                .scope = field_text(body, "repositoryName"),
                .repository = field_text(component, "name"),
                .tag = field_text(component, "version"),
                .pushed_at = push_time_at(body, "timestamp"),
        };

        (void) request;
        (void) ret_error;

        /* A hook may also be for assets, which are layers and manifests, and for the repository itself. */
        if (!component)
                return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);
        if (!word_is(field_text(component, "format"), "docker"))
                return push_list_ignore(list, NULL, IGNORE_NOT_A_CONTAINER);
        if (!word_is_one_of(action, pushes, ELEMENTSOF(pushes)))
                return push_list_ignore(list, &image, action_reason(action));

        return push_list_add_pushed(list, &image);
}

const PayloadFormat payload_nexus = {
        .name = "nexus",
        .recognise = nexus_recognise,
        .decode = nexus_decode,
};
