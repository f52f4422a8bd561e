/* SPDX-License-Identifier: MIT */
/*
 * JFrog Artifactory: `domain` and `event_type`; the host is that of `jpd_origin`. How a repository is mapped
 * to an address there (a path, a port, a name of its own) is not in the body: an alias of "host/repo_key",
 * or of the host, says so. The bare data, without domain and host, is what its documentation shows and people post: its host
 * is "jfrog", which wants an alias.
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"

static bool is_bare(const json_t *body) {
        bool event = json_object_get(body, "event_type"), image = json_object_get(body, "image_name");
        bool key = json_object_get(body, "repo_key");

        return !json_object_get(body, "data") && event + image + key >= 2;
}

static Recognition jfrog_recognise(const Request *request, const json_t *body) {
        bool domain = json_object_get(body, "domain"), event = json_object_get(body, "event_type");
        bool origin = json_object_get(body, "jpd_origin");

        (void) request;

        return domain + event + origin >= 2 || is_bare(body) ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;
}

static int jfrog_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *data = is_bare(body) ? body : json_object_get(body, "data");
        const char *type = field_text(body, "event_type");
        _cleanup_(address_done) Address origin = { 0 };
        PushedImage image;
        int r;

        (void) request;
        (void) ret_error;

        r = address_split(field_text(body, "jpd_origin"), &origin);
        if (r < 0)
                return r;

        image = (PushedImage){
                .host = origin.host,
                .scope = field_text(data, "repo_key"),
                .repository = field_text(data, "image_name"),
                .tag = field_text(data, "tag"),
        };
        if (data != body && !word_is(field_text(body, "domain"), "docker"))
                return push_list_ignore(list, NULL, IGNORE_NOT_A_CONTAINER);
        if (!word_is(type, "pushed"))
                return push_list_ignore(list, &image, action_reason(type));

        if (type_is_chart(field_text(data, "image_type")))
                return push_list_ignore(list, &image, IGNORE_NOT_A_PUSH);

        return push_list_add_pushed(list, &image);
}

const PayloadFormat payload_jfrog = {
        .name = "jfrog",
        .recognise = jfrog_recognise,
        .decode = jfrog_decode,
};
