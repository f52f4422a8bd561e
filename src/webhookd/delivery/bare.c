/* SPDX-License-Identifier: MIT */
/* Calls without a body: see bare.h. */
#include "webhookd/delivery/bare.h"

#include <stdio.h>

#include "shared/image-ref.h"
#include "webhookd/delivery/query.h"
#include "webhookd/delivery/wait.h"

/* Who sent it, as of PushList. */
#define BARE_PROVIDER "bare"

/*
 * How many tags the query has, and the last one; without a "=" it is none. It is taken as it came: of the characters that a tag can
 * have, a URL needs none to be encoded.
 */
static size_t query_tags(Bytes query, Bytes *ret) {
        Bytes parameter, value;
        size_t n = 0;

        while (query_next(&query, &parameter))
                if (query_is(parameter, "tag", &value) && value.data > parameter.data + strlen("tag")) {
                        *ret = value;
                        n++;
                }

        return n;
}

bool bare_is_meant(const Hook *hook, const Request *request) {
        Bytes tag;

        assert(hook);
        assert(request);

        return hook->bare && (request->body.length == 0 || query_tags(query_of(request->path), &tag) > 0);
}

/* A URL needs to encode none of the characters of a tag; "@", ":" and "/" would make more of it than a tag. */
static bool has_characters_of_a_tag(Bytes text) {
        for (size_t i = 0; i < text.length; i++)
                if (!image_tag_can_have(text.data[i]))
                        return false;

        return true;
}

/* Why no tag can be read from a query that has `n` of them, the last of which is `given`; NULL: it can, or none is asked for. */
static const char *query_problem(Bytes query, size_t n, Bytes given) {
        if (n == 0)
                return !wait_is_all(query)
                                       ? "the query has no tag=TAG, written so, and nothing else is known"
                                       : NULL;
        if (n > 1)
                return "there is more than one tag in the query";
        if (given.length == 0)
                return "the tag in the query is empty";

        return has_characters_of_a_tag(given)
                               ? NULL
                               : "the tag in the query has a character that no tag has; nothing of a tag is encoded";
}

/* The one that a copy of this call meant before, else the last one. 0 and the tag, owned by the caller. */
static int find_meant_tag(Store *store, const Hook *hook, const char *delivery_id, char **ret,
                          JsonError *ret_error) {
        int r = 0;

        if (delivery_id)
                r = store_find_bare_call(store, hook->name, delivery_id, ret);
        if (r == 0)
                r = store_find_pushed_tag(store, hook->images[0], ret);
        if (r == 0) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "no tag was pushed yet: say which one is meant, with ?tag= behind the secret");
                return -EBADMSG;
        }

        return r < 0 ? r : 0;
}

/*
 * 0 and the tag, owned by the caller. One that is empty or misspelt is a variable that its sender forgot to set or a slip, and not
 * a wish for the last one.
 */
static int choose_tag(Store *store, const Hook *hook, const char *delivery_id, Bytes query, char **ret,
                      JsonError *ret_error) {
        Bytes given = { "", 0 };
        size_t n = query_tags(query, &given);
        const char *problem = query_problem(query, n, given);

        if (problem) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "%s", problem);
                return -EBADMSG;
        }

        if (n == 0)
                return find_meant_tag(store, hook, delivery_id, ret, ret_error);

        *ret = bytes_to_string(given);
        return *ret ? 0 : -ENOMEM;
}

int bare_decode(Store *store, const Hook *hook, const Request *request, PushList *ret,
                JsonError *ret_error) {
        _cleanup_(push_list_done) PushList list = { .provider = BARE_PROVIDER };
        _cleanup_free_ char *tag = NULL;
        int r;

        assert(store);
        assert(hook && hook->bare && hook->images);
        assert(request);
        assert(ret);
        assert(ret_error);

        *ret_error = (JsonError){ .line = 0 };
        r = delivery_id_read(request, &list.delivery_id, ret_error);
        if (r >= 0)
                r = choose_tag(store, hook, list.delivery_id.text, query_of(request->path), &tag, ret_error);
        if (r >= 0)
                r = push_list_add(&list, hook->images[0], tag, /* digest= */ NULL, ret_error);
        if (r < 0)
                return r;

        *ret = list;
        list = (PushList){ .n = 0 };
        return 0;
}

int bare_keep(Store *store, const Hook *hook, const Request *request, const PushList *pushes) {
        Bytes tag;

        assert(store);
        assert(hook);
        assert(request);
        assert(pushes);

        if (!bare_is_meant(hook, request) || query_tags(query_of(request->path), &tag) > 0 ||
            !pushes->delivery_id.text || pushes->n == 0)
                return 0;

        return store_keep_bare_call(store, hook->name, pushes->delivery_id.text, pushes->items[0].ref->tag);
}
