/* SPDX-License-Identifier: MIT */
/* What one body says: see push-list.h. */
#include "webhookd/payload/push-list.h"

#include <stdio.h>
#include <strings.h>

#include "webhookd/payload/host-alias.h"

/* Attachments of an image are pushed under its digest as a tag: "sha256-…", perhaps with ".sig" behind it. */
#define ATTACHED_PREFIX     "sha256-"
#define ATTACHED_HEX_LENGTH 64U

static_assert(PUSHES_MAX == 64 && EVENTS_MAX == 1024 && IGNORED_MAX == 64,
              "ignore-reason.h tells these numbers");

void push_list_done(PushList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++) {
                list->items[i].ref = image_ref_free(list->items[i].ref);
                free(list->items[i].delivery_id);
        }
        for (size_t i = 0; i < list->n_ignored; i++)
                free(list->ignored[i].image);
        delivery_id_done(&list->delivery_id);
        list->n = list->n_ignored = 0;
}

const char *push_delivery_id(const PushList *list, const Push *push) {
        assert(list);
        assert(push);

        /* What is said of the whole request goes first: with a signature it cannot be anything else. */
        return list->delivery_id.text ? list->delivery_id.text : push->delivery_id;
}

static char *lower(char *text) {
        for (char *p = text; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p - 'A' + 'a');
        return text;
}

/* Takes over `image`, also on failure. */
static int ignored_append(PushList *list, char *image, IgnoreReason reason) {
        for (size_t i = 0; i < list->n_ignored; i++)
                if (list->ignored[i].reason == reason && streq(list->ignored[i].image, image)) {
                        free(image);
                        return 0;
                }

        if (list->n_ignored > IGNORED_MAX) {
                free(image);
                return 0;
        }

        if (list->n_ignored == IGNORED_MAX) {
                image[0] = '\0';
                reason = IGNORE_MORE_IGNORED;
        }

        list->ignored[list->n_ignored++] = (Ignored){ .image = image, .reason = reason };
        return 0;
}

/* Takes over `*ref` where it is new to the list. */
static int push_append(PushList *list, ImageRef **ref, const char *delivery_id) {
        _cleanup_free_ char *text = NULL, *id = NULL;
        int r;

        r = image_ref_format(*ref, &text);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list->n; i++) {
                _cleanup_free_ char *other = NULL;

                r = image_ref_format(list->items[i].ref, &other);
                if (r < 0)
                        return r;
                if (streq(text, other))
                        return 0;
        }

        if (list->n >= PUSHES_MAX)
                return ignored_append(list, TAKE_PTR(text), IGNORE_TOO_MANY_IMAGES);

        if (delivery_id && delivery_id_is_valid((Bytes){ delivery_id, strlen(delivery_id) })) {
                id = strdup(delivery_id);
                if (!id)
                        return -ENOMEM;
        }

        list->items[list->n++] = (Push){ .ref = TAKE_PTR(*ref), .delivery_id = TAKE_PTR(id) };
        return 0;
}

static int error_set(JsonError *ret_error, const char *text, const char *reason) {
        (void) snprintf(ret_error->text, sizeof(ret_error->text), "%s%s", text, reason);
        return -EBADMSG;
}

static int reference_parse(const char *image, ImageRef **ret, JsonError *ret_error) {
        const char *reason = "";
        int r;

        r = image_ref_parse(image, ret, &reason);
        return r < 0 && r != -ENOMEM ? error_set(ret_error, "invalid image reference: ", reason) : r;
}

/* Replaces `*ref` by "name:tag@digest", each NULL where it stays away. */
static int ref_replace(ImageRef **ref, const char *name, const char *tag, const char *digest,
                       JsonError *ret_error) {
        _cleanup_free_ char *text = NULL;
        ImageRef *replacement = NULL;
        int r;

        if (asprintf(&text, "%s%s%s%s%s", name, tag ? ":" : "", strempty(tag), digest ? "@" : "",
                     strempty(digest)) < 0) {
                text = NULL;
                return -ENOMEM;
        }

        r = reference_parse(text, &replacement, ret_error);
        if (r < 0)
                return r;

        (void) image_ref_free(*ref);
        *ref = replacement;
        return 0;
}

/* What stands beside the reference has to agree with it. */
static int ref_complete(ImageRef **ref, const char *tag, const char *digest, JsonError *ret_error) {
        _cleanup_free_ char *name = NULL;
        int r;

        if (digest && !image_digest_is_valid(digest))
                return error_set(ret_error, "the digest is none of sha256 or sha512", "");
        if (digest && (*ref)->digest && !streq((*ref)->digest, digest))
                return error_set(ret_error, "the image and the body name two digests", "");
        if (tag && (*ref)->tag && !streq((*ref)->tag, tag))
                return error_set(ret_error, "the image and the body name two tags", "");

        r = image_ref_repository(*ref, &name);
        if (r < 0)
                return r;

        return ref_replace(ref, name, tag ? tag : (*ref)->tag, digest ? digest : (*ref)->digest, ret_error);
}

/* With the host's name here, where it has one. */
static int ref_apply_alias(const PushList *list, ImageRef **ref, JsonError *ret_error) {
        const char *target = host_alias_find(list->host_aliases, (*ref)->domain, NULL);
        _cleanup_free_ char *name = NULL;

        if (!target)
                return 0;

        if (asprintf(&name, "%s/%s", target, (*ref)->path) < 0) {
                name = NULL;
                return -ENOMEM;
        }

        return ref_replace(ref, name, (*ref)->tag, (*ref)->digest, ret_error);
}

int push_list_add(PushList *list, const char *image, const char *tag, const char *digest,
                  JsonError *ret_error) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        int r;

        assert(list);
        assert(image);
        assert(ret_error);

        r = reference_parse(image, &ref, ret_error);
        if (r < 0)
                return r;

        r = ref_complete(&ref, tag, digest, ret_error);
        if (r < 0)
                return r;

        r = ref_apply_alias(list, &ref, ret_error);
        if (r < 0)
                return r;

        return push_append(list, &ref, NULL);
}

/* Without one of these a reference would be taken for one of Docker Hub's. */
static bool host_is_domain(const char *host) {
        size_t length = strcspn(host, "/");

        return memchr(host, '.', length) || memchr(host, ':', length) ||
               (length == strlen("localhost") && strncasecmp(host, "localhost", length) == 0);
}

/* "host/repository" in small letters, with the host's name here; NULL and `*ret_reason` where there is none. */
static int pushed_name(const PushList *list, const PushedImage *pushed, char **ret,
                       IgnoreReason *ret_reason) {
        const char *host;

        *ret_reason = IGNORE_NO_IMAGE;
        if (isempty(pushed->host) || isempty(pushed->repository))
                return 0;

        *ret_reason = IGNORE_INVALID_IMAGE;
        if (strpbrk(pushed->host, "/@") || strpbrk(pushed->repository, ":@"))
                return 0;

        *ret_reason = IGNORE_NO_HOST_ALIAS;
        host = host_alias_find(list->host_aliases, pushed->host, pushed->scope);
        if (!host)
                host = pushed->host;
        if (!host_is_domain(host))
                return 0;

        if (asprintf(ret, "%s/%s", host, pushed->repository) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        (void) lower(*ret);
        return 0;
}

int push_list_ignore(PushList *list, const PushedImage *pushed, IgnoreReason reason) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *name = NULL, *image = NULL;
        IgnoreReason unnamed;
        int r = 0;

        assert(list);

        if (pushed)
                r = pushed_name(list, pushed, &name, &unnamed);
        if (r >= 0 && name)
                r = image_ref_parse(name, &ref, NULL);
        if (r >= 0 && ref)
                r = image_ref_repository(ref, &image);
        if (r == -ENOMEM)
                return r;

        if (!image) {
                image = strdup("");
                if (!image)
                        return -ENOMEM;
        }

        return ignored_append(list, TAKE_PTR(image), reason);
}

static bool tag_is_attached(const char *tag) {
        const char *hex = tag + strlen(ATTACHED_PREFIX);

        return strncmp(tag, ATTACHED_PREFIX, strlen(ATTACHED_PREFIX)) == 0 &&
               strspn(hex, "0123456789abcdef") >= ATTACHED_HEX_LENGTH;
}

/* "name:tag", and "@digest" where that is one. */
static int pushed_format(const char *name, const PushedImage *pushed, char **ret) {
        _cleanup_free_ char *digest = strdup(strempty(pushed->digest));

        if (!digest)
                return -ENOMEM;

        if (!image_digest_is_valid(lower(digest)))
                digest[0] = '\0';

        if (asprintf(ret, "%s:%s%s%s", name, pushed->tag, digest[0] ? "@" : "", digest) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

int push_list_add_pushed(PushList *list, const PushedImage *pushed) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *name = NULL, *text = NULL;
        IgnoreReason unnamed;
        int r;

        assert(list);
        assert(pushed);

        r = pushed_name(list, pushed, &name, &unnamed);
        if (r < 0)
                return r;
        if (!name)
                return push_list_ignore(list, NULL, unnamed);

        /* A colon is in no tag, but in every digest. */
        if (isempty(pushed->tag) || strchr(pushed->tag, ':'))
                return push_list_ignore(list, pushed, IGNORE_UNTAGGED);
        if (tag_is_attached(pushed->tag))
                return push_list_ignore(list, pushed, IGNORE_ATTACHED);

        r = pushed_format(name, pushed, &text);
        if (r < 0)
                return r;

        r = image_ref_parse(text, &ref, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return push_list_ignore(list, pushed, IGNORE_INVALID_IMAGE);

        return push_append(list, &ref, pushed->delivery_id);
}

int push_list_limit_events(PushList *list, size_t n_events, size_t *ret) {
        int r = 0;

        assert(list);
        assert(ret);

        if (n_events > EVENTS_MAX)
                r = push_list_ignore(list, NULL, IGNORE_TOO_MANY_IMAGES);
        if (r < 0)
                return r;

        *ret = n_events > EVENTS_MAX ? EVENTS_MAX : n_events;
        return 0;
}
