/* SPDX-License-Identifier: MIT */
/*
 * Alibaba Cloud's container registry: like Docker Hub's body, with a digest, and with the repository under
 * another key. The registry's address is not in it.
 */
#include "webhookd/payload/fields.h"

static Recognition aliyun_recognise(const Request *request, const json_t *body) {
        const json_t *repository = json_object_get(body, "repository");

        (void) request;

        return json_object_get(repository, "repo_full_name") ||
                                               json_object_get(repository, "repo_authentication_type") ||
                                               json_object_get(repository, "repo_origin_type")
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static int aliyun_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *pushed = json_object_get(body, "push_data");
        const PushedImage image = {
                .repository = field_text(json_object_get(body, "repository"), "repo_full_name"),
                .tag = field_text(pushed, "tag"),
                .digest = field_text(pushed, "digest"),
        };

        (void) request;
        (void) ret_error;

        return push_list_add_pushed(list, &image);
}

const PayloadFormat payload_aliyun = {
        .name = "aliyun",
        .recognise = aliyun_recognise,
        .decode = aliyun_decode,
};
