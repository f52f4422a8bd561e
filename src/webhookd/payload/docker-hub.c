/* SPDX-License-Identifier: MIT */
/*
 * Docker Hub: `push_data` and `repository`. It calls only for pushes, up to six times for one, names no
 * digest, and asks to be called back at `callback_url`, which is never done.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

static Recognition docker_hub_recognise(const Request *request, const json_t *body) {
        (void) request;

        return json_object_get(body, "push_data") || json_path(body, "repository", "repo_name", NULL)
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static int docker_hub_decode(const Request *request, const json_t *body, PushList *list,
                             JsonError *ret_error) {
        const json_t *pushed = json_object_get(body, "push_data");
        const PushedImage image = {
                .host = "docker.io",
                .repository = field_text(json_object_get(body, "repository"), "repo_name"),
                .tag = field_text(pushed, "tag"),
                .pushed_at = push_time_at(pushed, "pushed_at"),
        };

        (void) request;
        (void) ret_error;

        return type_is_chart(field_text(pushed, "media_type"))
                               ? push_list_ignore(list, &image, IGNORE_NOT_A_PUSH)
                               : push_list_add_pushed(list, &image);
}

const PayloadFormat payload_docker_hub = {
        .name = "docker-hub",
        .recognise = docker_hub_recognise,
        .decode = docker_hub_decode,
};
