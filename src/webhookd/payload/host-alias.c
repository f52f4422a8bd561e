/* SPDX-License-Identifier: MIT */
/* What hosts are called here: see host-alias.h. */
#include "webhookd/payload/host-alias.h"

#include <stdio.h>
#include <strings.h>

#include "shared/image-ref.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *const name_characters = CAPITALS "abcdefghijklmnopqrstuvwxyz0123456789.:-_[]/";

/* The length of the left side, or 0 where there is none. */
static size_t from_length(const char *alias) {
        return strcspn(alias, "=") < strlen(alias) ? strcspn(alias, "=") : 0;
}

/* "domain" or "domain/path" in small letters: with a component more it is a reference of that domain. */
static bool target_is_valid(const char *target) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *text = NULL;
        size_t domain_length = strcspn(target, "/");

        if (strpbrk(target, CAPITALS))
                return false;

        if (asprintf(&text, "%s/x", target) < 0) {
                text = NULL;
                return false;
        }

        return image_ref_parse(text, &ref, NULL) >= 0 && !ref->tag && !ref->digest &&
               strlen(ref->domain) == domain_length && memcmp(ref->domain, target, domain_length) == 0;
}

static bool from_is_valid(const char *from, size_t length) {
        return length > 0 && strspn(from, name_characters) >= length && from[0] != '/';
}

bool host_alias_is_for(const char *host) {
        assert(host);

        return from_is_valid(host, strlen(host));
}

bool host_alias_is_valid(const char *alias) {
        size_t length;

        assert(alias);

        length = from_length(alias);
        return from_is_valid(alias, length) && target_is_valid(alias + length + 1);
}

bool host_alias_is_same(const char *a, const char *b) {
        size_t length;

        assert(a);
        assert(b);

        length = from_length(a);
        return length == from_length(b) && strncasecmp(a, b, length) == 0;
}

static const char *alias_target(const char *alias, const char *host, const char *scope) {
        size_t length = from_length(alias), host_length = strlen(host);

        if (length < host_length || strncasecmp(alias, host, host_length) != 0)
                return NULL;

        if (!scope)
                return length == host_length ? alias + length + 1 : NULL;

        return length == host_length + 1 + strlen(scope) && alias[host_length] == '/' &&
                                               strncasecmp(alias + host_length + 1, scope, strlen(scope)) ==
                                                               0
                               ? alias + length + 1
                               : NULL;
}

static const char *aliases_find(char *const *aliases, const char *host, const char *scope) {
        for (; aliases && *aliases; aliases++) {
                const char *target = alias_target(*aliases, host, scope);

                if (target)
                        return target;
        }

        return NULL;
}

const char *host_alias_find(char *const *aliases, const char *host, const char *scope) {
        const char *target = NULL;

        assert(host);

        if (scope)
                target = aliases_find(aliases, host, scope);
        return target ? target : aliases_find(aliases, host, NULL);
}
