/* SPDX-License-Identifier: MIT */
/*
 * Quay: `docker_url` and the tags that were pushed, as a list, or in old deliveries as the keys of an
 * object. Its other notifications (builds, scans, mirrors) have no `updated_tags`. Bodies that were made by hand or by a
 * robot of one's own name one tag as a text, or tags as objects with a `name`; where `docker_url` is missing, the host is
 * that of `homepage`. A robot's account, "acme+deploy", owns nothing: its repositories are those of "acme".
 */
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"

static Recognition quay_recognise(const Request *request, const json_t *body) {
        (void) request;

        return json_object_get(body, "docker_url") || json_object_get(body, "updated_tags") ||
                                               (json_object_get(body, "homepage") &&
                                                json_object_get(body, "namespace") &&
                                                json_is_string(json_object_get(body, "repository")))
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

static int quay_decode_list(const json_t *tags, PushedImage *image, PushList *list) {
        size_t n;
        int r;

        r = push_list_limit_events(list, json_array_size(tags), &n);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                const json_t *tag = json_array_get(tags, i);

                image->tag = json_is_string(tag) ? json_string_value(tag) : field_text(tag, "name");
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

/* Takes the robot's name out of "acme+robot/shop". */
static void repository_drop_robot(char *repository) {
        char *plus = strchr(repository, '+'), *slash = strchr(repository, '/');

        if (plus && slash && plus > repository && plus < slash)
                memmove(plus, slash, strlen(slash) + 1);
}

/* "host/repository" of the body. -ENOMEM is the only error. */
static int quay_address(const json_t *body, Address *address, char **ret_repository) {
        const char *url = field_text(body, "docker_url"), *repository = field_text(body, "repository");
        int r;

        r = address_split(url ? url : field_text(body, "homepage"), address);
        if (r < 0)
                return r;

        if (url)
                repository = address->repository;
        if (!repository)
                return 0;

        *ret_repository = strdup(repository);
        if (!*ret_repository)
                return -ENOMEM;

        repository_drop_robot(*ret_repository);
        return 0;
}

static int quay_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        const json_t *tags = json_object_get(body, "updated_tags");
        _cleanup_(address_done) Address address = { 0 };
        _cleanup_free_ char *repository = NULL;
        PushedImage image;
        int r;

        (void) request;
        (void) ret_error;

        r = quay_address(body, &address, &repository);
        if (r < 0)
                return r;

        image = (PushedImage){ .host = address.host, .repository = repository };
        if (!tags)
                return push_list_ignore(list, &image, IGNORE_UNKNOWN_EVENT);
        if (json_array_size(tags) > 0)
                return quay_decode_list(tags, &image, list);
        if (json_object_size(tags) > 0)
                return quay_decode_object(tags, &image, list);

        image.tag = json_string_value(tags);
        return push_list_add_pushed(list, &image);
}

const PayloadFormat payload_quay = {
        .name = "quay",
        .recognise = quay_recognise,
        .decode = quay_decode,
};
