/* SPDX-License-Identifier: MIT */
/*
 * Alibaba Cloud's container registry: like Docker Hub's body, with a digest, and with the repository under
 * another key. The registry's address is not in it, but its region is, which has one public address. An alias of "aliyun",
 * or of "aliyun/<region>", goes before that.
 */
#include <stdio.h>

#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/host-alias.h"

#define HOST_ALIYUN "aliyun"
/* More than any region's name has. */
#define REGION_MAX 64U

static Recognition aliyun_recognise(const Request *request, const json_t *body) {
        const json_t *repository = json_object_get(body, "repository");

        (void) request;

        return json_object_get(repository, "repo_full_name") ||
                                               json_object_get(repository, "repo_authentication_type") ||
                                               json_object_get(repository, "repo_origin_type")
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

/* Whether it is part of a host's name, and not more than that. */
static bool region_is_valid(const char *region) {
        return region && strlen(region) < REGION_MAX &&
               strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(region);
}

static int aliyun_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *pushed = json_object_get(body, "push_data"),
                     *repository = json_object_get(body, "repository");
        const char *region = field_text(repository, "region");
        char host[REGION_MAX + sizeof("registry..aliyuncs.com")];
        PushedImage image = {
                .host = HOST_ALIYUN,
                .scope = region,
                .repository = field_text(repository, "repo_full_name"),
                .tag = field_text(pushed, "tag"),
                .digest = field_text(pushed, "digest"),
        };

        (void) request;
        (void) ret_error;

        if (region_is_valid(region) && !host_alias_find(list->host_aliases, HOST_ALIYUN, region)) {
                (void) snprintf(host, sizeof(host), "registry.%s.aliyuncs.com", region);
                image.host = host;
        }

        return push_list_add_pushed(list, &image);
}

const PayloadFormat payload_aliyun = {
        .name = "aliyun",
        .recognise = aliyun_recognise,
        .decode = aliyun_decode,
};
