/* SPDX-License-Identifier: MIT */
/*
 * The generic body, for a CI step that posts by hand: {"image":"registry/org/app:tag"} or
 * {"name":"registry/org/app","tag":"v1","digest":"sha256:…"}; both may stand beside `image` as well. No tag
 * means `latest`.
 */
#include <stdio.h>

#include "webhookd/payload/payload.h"

/* Many bodies have some `name`: alone it counts only where it can be nothing but an image on a registry. */
static bool name_is_image(const json_t *body) {
        const char *name = json_get_string(body, "name");

        if (!json_object_get(body, "name"))
                return false;
        if (json_object_get(body, "tag") || json_object_get(body, "digest"))
                return true;

        return name && strchr(name, '/') && strcspn(name, ".:") < strcspn(name, "/");
}

static Recognition generic_recognise(const Request *request, const json_t *body) {
        (void) request;

        return json_object_get(body, "image") || name_is_image(body) ? RECOGNISED_BY_KEYS : RECOGNISED_NOT;
}

/* The string at `key` in `*ret`, NULL where it is absent or null; -EBADMSG for any other type. */
static int string_at(const json_t *body, const char *key, const char **ret, JsonError *ret_error) {
        const json_t *j = json_object_get(body, key);

        if (j && !json_is_null(j) && !json_is_string(j)) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "\"%s\" is not a string", key);
                return -EBADMSG;
        }

        *ret = json_string_value(j);
        return 0;
}

static int generic_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        static const char *const keys[] = { "image", "name", "tag", "digest" };
        const char *values[ELEMENTSOF(keys)] = { NULL };
        const char *image;
        int r;

        (void) request;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                r = string_at(body, keys[i], &values[i], ret_error);
                if (r < 0)
                        return r;
        }

        image = values[0] ? values[0] : values[1];
        if (isempty(image)) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "no image in the body");
                return -EBADMSG;
        }

        return push_list_add(list, image, values[2], values[3], ret_error);
}

const PayloadFormat payload_generic = {
        .name = "generic",
        .recognise = generic_recognise,
        .decode = generic_decode,
};
