/* SPDX-License-Identifier: MIT */
/*
 * GitHub: events `package` and `registry_package`, of the same shape, once for each manifest of an image;
 * those without a tag have an empty one. `ping` when the hook is made. Names keep their owners' capitals
 * there, but not in references.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

#define REGISTRY "ghcr.io"

/* Under either key. */
static const json_t *github_package(const json_t *body) {
        const json_t *package = json_object_get(body, "package");

        return package ? package : json_object_get(body, "registry_package");
}

static Recognition github_recognise(const Request *request, const json_t *body) {
        const json_t *package = github_package(body);

        if (header_value(request, "x-github-event").length > 0)
                return RECOGNISED_BY_HEADER;

        return json_object_get(package, "package_version") || json_object_get(package, "package_type") ||
                                               (json_object_get(body, "zen") &&
                                                json_object_get(body, "hook_id"))
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static bool package_is_container(const json_t *package) {
        static const char *const types[] = { "container", "docker" };
        const char *type = field_text(package, "package_type");

        return type ? word_is_one_of(type, types, ELEMENTSOF(types))
                    : word_is(field_text(package, "ecosystem"), "container");
}

/*
 * The latest that is told: a tag that goes back to an old version has that version's times, but the package has changed.
 */
static uint64_t github_time(const json_t *package, const json_t *version) {
        const uint64_t times[] = { push_time_at(package, "updated_at"), push_time_at(version, "created_at"),
                                   push_time_at(version, "updated_at") };
        uint64_t latest = 0;

        for (size_t i = 0; i < ELEMENTSOF(times); i++)
                if (times[i] > latest)
                        latest = times[i];

        return latest;
}

static int github_decode_package(const char *action, const json_t *package, PushList *list) {
        static const char *const pushes[] = { "published", "updated", "create" };
        const json_t *version = json_object_get(package, "package_version");
        const json_t *tag = json_path(version, "container_metadata", "tag", NULL);
        const char *owner = json_string_value(json_path(package, "owner", "login", NULL));
        const char *name = field_text(tag, "name");
        _cleanup_(address_done) Address address = { 0 };
        _cleanup_free_ char *repository = NULL;
        PushedImage image;
        int r;

        r = address_split(field_text(version, "package_url"), &address);
        if (r < 0)
                return r;

        r = path_join(isempty(owner) ? field_text(package, "namespace") : owner, field_text(package, "name"),
                      &repository);
        if (r < 0)
                return r;

        image = (PushedImage){
                .host = address.repository ? address.host : REGISTRY,
                .repository = address.repository ? address.repository : repository,
                .tag = name ? name : address.tag,
                .digest = field_text(tag, "digest"),
                .pushed_at = github_time(package, version),
        };
        if (!word_is_one_of(action, pushes, ELEMENTSOF(pushes)))
                return push_list_ignore(list, &image, action_reason(action));
        if (type_is_chart(field_text(json_path(version, "container_metadata", "manifest", "config", NULL),
                                     "media_type")))
                return push_list_ignore(list, &image, IGNORE_NOT_A_PUSH);

        return push_list_add_pushed(list, &image);
}

static int github_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        Bytes event = header_value(request, "x-github-event");
        const json_t *package = github_package(body);

        (void) ret_error;

        if (bytes_are_word(event, "ping") || (event.length == 0 && !package))
                return push_list_ignore(list, NULL, IGNORE_PING);
        if (event.length > 0 && !bytes_are_word(event, "package") &&
            !bytes_are_word(event, "registry_package"))
                return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);
        if (!package_is_container(package))
                return push_list_ignore(list, NULL, IGNORE_NOT_A_CONTAINER);

        return github_decode_package(field_text(body, "action"), package, list);
}

const PayloadFormat payload_github = {
        .name = "github",
        .recognise = github_recognise,
        .decode = github_decode,
};
