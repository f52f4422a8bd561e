/* SPDX-License-Identifier: MIT */
/*
 * GitLab has no hook for pushes to its registry, and none of its hooks names an image: nothing is guessed
 * from them. Its registry notifies in the distribution project's format; a hook whose body the project made
 * up is a generic one.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"

static Recognition gitlab_recognise(const Request *request, const json_t *body) {
        if (header_value(request, "x-gitlab-event").length == 0)
                return json_is_string(json_object_get(body, "object_kind")) ? RECOGNISED_BY_KEYS
                                                                            : RECOGNISED_NOT;

        return json_is_string(json_object_get(body, "image")) && !json_object_get(body, "object_kind")
                               ? RECOGNISED_NOT
                               : RECOGNISED_BY_HEADER;
}

static int gitlab_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        (void) request;
        (void) body;
        (void) ret_error;

        return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);
}

const PayloadFormat payload_gitlab = {
        .name = "gitlab",
        .recognise = gitlab_recognise,
        .decode = gitlab_decode,
};
