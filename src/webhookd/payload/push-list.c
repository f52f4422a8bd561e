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

static void ignored_done(Ignored *ignored) {
        free(ignored->image);
        free(ignored->host);
}

void push_list_done(PushList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++) {
                list->items[i].ref = image_ref_free(list->items[i].ref);
                free(list->items[i].delivery_id);
        }
        for (size_t i = 0; i < list->n_ignored; i++)
                ignored_done(&list->ignored[i]);
        delivery_id_done(&list->delivery_id);
        free(TAKE_PTR(list->validation_code));
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

/* Takes over what is in `ignored`. */
static void ignored_append(PushList *list, Ignored ignored) {
        for (size_t i = 0; i < list->n_ignored; i++) {
                const Ignored *other = &list->ignored[i];

                if (other->reason == ignored.reason && streq(other->image, ignored.image) &&
                    streq(strempty(other->host), strempty(ignored.host))) {
                        ignored_done(&ignored);
                        return;
                }
        }

        if (list->n_ignored > IGNORED_MAX) {
                ignored_done(&ignored);
                return;
        }

        if (list->n_ignored == IGNORED_MAX) {
                ignored.image[0] = '\0';
                free(TAKE_PTR(ignored.host));
                ignored.reason = IGNORE_MORE_IGNORED;
        }

        list->ignored[list->n_ignored++] = ignored;
}

/* Takes over `*ref` where it is new to the list. */
static int push_append(PushList *list, ImageRef **ref, const char *delivery_id, uint64_t pushed_at) {
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
                if (streq(text, other)) {
                        if (list->items[i].pushed_at < pushed_at)
                                list->items[i].pushed_at = pushed_at;
                        return 0;
                }
        }

        if (list->n >= PUSHES_MAX) {
                ignored_append(list, (Ignored){ .image = TAKE_PTR(text), .reason = IGNORE_TOO_MANY_IMAGES });
                return 0;
        }

        if (delivery_id && delivery_id_is_valid((Bytes){ delivery_id, strlen(delivery_id) })) {
                id = strdup(delivery_id);
                if (!id)
                        return -ENOMEM;
        }

        list->items[list->n++] =
                        (Push){ .ref = TAKE_PTR(*ref), .delivery_id = TAKE_PTR(id), .pushed_at = pushed_at };
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

        return push_append(list, &ref, NULL, 0);
}

/* Without one of these a reference would be taken for one of Docker Hub's. */
static bool host_is_domain(const char *host) {
        size_t length = strcspn(host, "/");

        return memchr(host, '.', length) || memchr(host, ':', length) ||
               (length == strlen("localhost") && strncasecmp(host, "localhost", length) == 0);
}

/* What the sender calls the registry, or NULL where it has no name either. */
static const char *pushed_host(const PushList *list, const PushedImage *pushed) {
        return isempty(pushed->host) ? list->sender : pushed->host;
}

/* "host/repository" in small letters, with the host's name here; NULL and `*ret_reason` where there is none. */
static int pushed_name(const PushList *list, const PushedImage *pushed, char **ret,
                       IgnoreReason *ret_reason) {
        const char *said = pushed_host(list, pushed), *host;

        *ret_reason = IGNORE_NO_IMAGE;
        if (isempty(pushed->repository))
                return 0;

        *ret_reason = IGNORE_INVALID_IMAGE;
        if (strpbrk(strempty(said), "/@") || strpbrk(pushed->repository, ":@"))
                return 0;

        *ret_reason = IGNORE_NO_HOST_ALIAS;
        host = said ? host_alias_find(list->host_aliases, said, pushed->scope) : NULL;
        if (!host)
                host = said;
        if (!host || !host_is_domain(host))
                return 0;

        if (asprintf(ret, "%s/%s", host, pushed->repository) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        (void) lower(*ret);
        return 0;
}

/* The host that wants an alias, as far as one can be written for it. */
static int ignored_set_host(Ignored *ignored, const PushList *list, const PushedImage *pushed) {
        const char *host = pushed_host(list, pushed);

        if (ignored->reason != IGNORE_NO_HOST_ALIAS || !host || strlen(host) > IGNORED_HOST_MAX ||
            !host_alias_is_for(host))
                return 0;

        ignored->host = strdup(host);
        return ignored->host ? 0 : -ENOMEM;
}

int push_list_ignore(PushList *list, const PushedImage *pushed, IgnoreReason reason) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *name = NULL, *image = NULL;
        Ignored ignored = { .reason = reason };
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

        if (pushed && ignored_set_host(&ignored, list, pushed) < 0)
                return -ENOMEM;

        ignored.image = TAKE_PTR(image);
        ignored_append(list, ignored);
        return 0;
}

void ignored_explain(const Ignored *ignored, char ret[static IGNORED_TEXT_SIZE]) {
        static_assert(IGNORED_TEXT_SIZE > 2 * IGNORED_HOST_MAX + 128, "the host is in it twice");

        assert(ignored);

        if (ignored->host)
                (void) snprintf(ret, IGNORED_TEXT_SIZE,
                                "nothing says where the registry \"%s\" is: set HostAliases=%s=ADDRESS in webhookd.conf",
                                ignored->host, ignored->host);
        else
                (void) snprintf(ret, IGNORED_TEXT_SIZE, "%s", ignore_reason_explanation(ignored->reason));
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
                return push_list_ignore(list, pushed, unnamed);

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

        return push_append(list, &ref, pushed->delivery_id, pushed->pushed_at);
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
