/* SPDX-License-Identifier: MIT */
/*
 * The generic body, for a CI step that posts by hand: {"image":"registry/org/app:tag"} or
 * {"name":"registry/org/app","tag":"v1","digest":"sha256:…"}; both may stand beside `image` as well. No tag
 * means `latest`. Many bodies of others have a `name` and a `tag`, too: a `name` has to begin with a host, and where it does
 * not, whoever sent nothing besides these keys is told so, and everybody else is ignored.
 */
#include <stdio.h>

#include "webhookd/payload/format.h"

static const char *const keys[] = { "image", "name", "tag", "digest" };

static bool name_has_host(const char *name) {
        static const char localhost[] = "localhost/";

        return name && strchr(name, '/') &&
               (strcspn(name, ".:") < strcspn(name, "/") ||
                strncmp(name, localhost, strlen(localhost)) == 0);
}

static Recognition generic_recognise(const Request *request, const json_t *body) {
        (void) request;

        /* Alone, a `name` counts only where it can be nothing but an image on a registry. */
        return json_object_get(body, "image") || (json_object_get(body, "name") &&
                                                  (json_object_get(body, "tag") ||
                                                   json_object_get(body, "digest") ||
                                                   name_has_host(json_get_string(body, "name"))))
                               ? RECOGNISED_BY_KEYS
                               : RECOGNISED_NOT;
}

/* Whether the body has a key that is none of ours. */
static bool has_other_keys(const json_t *body) {
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                n += json_object_get(body, keys[i]) != NULL;

        return json_object_size(body) > n;
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
        const char *values[ELEMENTSOF(keys)] = { NULL };
        const char *image;
        int r;

        (void) request;

        if (!json_object_get(body, "image") && !name_has_host(json_get_string(body, "name")) &&
            has_other_keys(body))
                return push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);

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

        if (!values[0] && !name_has_host(image)) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "\"name\" does not begin with the registry's host, such as docker.io/");
                return -EBADMSG;
        }

        return push_list_add(list, image, values[2], values[3], ret_error);
}

const PayloadFormat payload_generic = {
        .name = "generic",
        .recognise = generic_recognise,
        .decode = generic_decode,
};
