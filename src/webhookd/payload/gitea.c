/* SPDX-License-Identifier: MIT */
/*
 * Gitea and Forgejo: event `package` whose `package.type` is `container`, once for each manifest; those
 * without a tag have their digest as version. The registry is at the host of `package.html_url`. The same
 * body, with headers of their own.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

static Recognition forgejo_recognise(const Request *request, const json_t *body) {
        (void) body;

        return header_value(request, "x-forgejo-event").length > 0 ? RECOGNISED_BY_HEADER : RECOGNISED_NOT;
}

static Recognition gitea_recognise(const Request *request, const json_t *body) {
        const json_t *package = json_object_get(body, "package");

        if (header_value(request, "x-gitea-event").length > 0)
                return RECOGNISED_BY_HEADER;

        return json_object_get(package, "type") && json_object_get(package, "version") ? RECOGNISED_BY_KEYS
                                                                                       : RECOGNISED_NOT;
}

/* The event that the header names; without one, the keys have told that it is a package. */
static bool event_is_package(const Request *request) {
        Bytes event = header_value(request, "x-forgejo-event");

        if (event.length == 0)
                event = header_value(request, "x-gitea-event");
        return event.length == 0 || bytes_are_word(event, "package");
}

static int gitea_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *package = json_object_get(body, "package"), *owner = json_object_get(package, "owner");
        const char *action = field_text(body, "action"), *login = field_text(owner, "login");
        _cleanup_(address_done) Address address = { 0 };
        _cleanup_free_ char *repository = NULL;
        PushedImage image;
        int r;

        (void) ret_error;

        if (!event_is_package(request))
                return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);
        if (!word_is(field_text(package, "type"), "container"))
                return push_list_ignore(list, NULL, IGNORE_NOT_A_CONTAINER);

        r = address_split(field_text(package, "html_url"), &address);
        if (r < 0)
                return r;

        r = path_join(login ? login : field_text(owner, "username"), field_text(package, "name"),
                      &repository);
        if (r < 0)
                return r;

        image = (PushedImage){
                .host = address.host,
                .repository = repository,
                .tag = field_text(package, "version"),
                /* A version that is pushed again is made anew. */
                .pushed_at = push_time_at(package, "created_at"),
        };
        return word_is(action, "created") ? push_list_add_pushed(list, &image)
                                          : push_list_ignore(list, &image, action_reason(action));
}

const PayloadFormat payload_forgejo = {
        .name = "forgejo",
        .recognise = forgejo_recognise,
        .decode = gitea_decode,
};

const PayloadFormat payload_gitea = {
        .name = "gitea",
        .recognise = gitea_recognise,
        .decode = gitea_decode,
};
