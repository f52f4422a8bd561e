/* SPDX-License-Identifier: MIT */
/* One event of a registry: see registry-event.h. */
#include "webhookd/payload/registry-event.h"

#include "webhookd/payload/fields.h"
#include "webhookd/payload/push-time.h"

static const char *const manifest_types[] = {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
};

/* A chart's manifest is an image's; what it points to tells them apart, in registries that are told to send it. */
static bool target_is_chart(const json_t *target) {
        const json_t *references = json_object_get(target, "references");

        for (size_t i = 0; i < json_array_size(references); i++)
                if (type_is_chart(field_text(json_array_get(references, i), "mediaType")))
                        return true;

        return false;
}

int registry_event_decode(const json_t *event, const RegistryEnvelope *envelope, PushList *list) {
        const json_t *target = json_object_get(event, "target");
        const char *action = field_text(event, "action"), *id = field_text(event, "id");
        const char *type = field_text(target, "mediaType");
        uint64_t pushed_at = push_time_at(event, "timestamp");
        const PushedImage image = {
                .host = field_text(json_object_get(event, "request"), "host"),
                .repository = field_text(target, "repository"),
                .tag = field_text(target, "tag"),
                .digest = field_text(target, "digest"),
                .delivery_id = id || !envelope ? id : envelope->id,
                .pushed_at = pushed_at > 0 || !envelope ? pushed_at : envelope->pushed_at,
        };

        if (envelope && envelope->action)
                action = envelope->action;
        if (!word_is(action, "push"))
                return push_list_ignore(list, &image, action_reason(action));

        /* Where the type is missing, the tag is enough: nothing but a manifest has one. */
        if (type && !word_is_one_of(type, manifest_types, ELEMENTSOF(manifest_types)))
                return push_list_ignore(list, &image, IGNORE_NOT_A_MANIFEST);

        if (target_is_chart(target))
                return push_list_ignore(list, &image, IGNORE_NOT_A_PUSH);

        return push_list_add_pushed(list, &image);
}
