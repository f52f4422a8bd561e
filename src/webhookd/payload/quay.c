/* SPDX-License-Identifier: MIT */
/*
 * Quay: `docker_url` and the tags that were pushed, as a list, or in old deliveries as the keys of an
 * object. Its other notifications (builds, scans, mirrors) have no `updated_tags`.
 */
#include "webhookd/payload/fields.h"

static Recognition quay_recognise(const Request *request, const json_t *body) {
        (void) request;

        return json_object_get(body, "docker_url") || json_object_get(body, "updated_tags")
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static int quay_decode_list(const json_t *tags, PushedImage *image, PushList *list) {
        size_t n;
        int r;

        r = push_list_limit_events(list, json_array_size(tags), &n);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                image->tag = json_string_value(json_array_get(tags, i));
                r = push_list_add_pushed(list, image);
        }

        return r;
}

static int quay_decode_object(const json_t *tags, PushedImage *image, PushList *list) {
        /* jansson's iterators borrow from a const object too. */
        json_t *object = (json_t *) (uintptr_t) tags;
        void *i = json_object_iter(object);
        size_t n;
        int r;

        r = push_list_limit_events(list, json_object_size(tags), &n);
        for (; r >= 0 && i && n > 0; n--, i = json_object_iter_next(object, i)) {
                /* Beside each tag stands an image's id. */
                image->tag = json_is_string(json_object_iter_value(i)) ? json_object_iter_key(i) : NULL;
                r = push_list_add_pushed(list, image);
        }

        return r;
}

static int quay_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *tags = json_object_get(body, "updated_tags");
        _cleanup_(address_done) Address address = { 0 };
        PushedImage image;
        int r;

        (void) request;
        (void) ret_error;

        r = address_split(field_text(body, "docker_url"), &address);
        if (r < 0)
                return r;

        image = (PushedImage){ .host = address.host, .repository = address.repository };
        if (!tags)
                return push_list_ignore(list, &image, IGNORE_UNKNOWN_EVENT);
        if (json_array_size(tags) > 0)
                return quay_decode_list(tags, &image, list);
        if (json_object_size(tags) > 0)
                return quay_decode_object(tags, &image, list);

        return push_list_ignore(list, &image, IGNORE_UNTAGGED);
}

const PayloadFormat payload_quay = {
        .name = "quay",
        .recognise = quay_recognise,
        .decode = quay_decode,
};
