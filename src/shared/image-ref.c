/* SPDX-License-Identifier: MIT */
/* Image references: see image-ref.h. The grammar is that of the `distribution/reference` package. */
#include "shared/image-ref.h"

#include <stdio.h>

#define DEFAULT_DOMAIN  "docker.io"
#define OLD_DOMAIN      "index.docker.io"
#define OFFICIAL_PREFIX "library/"
#define BARE_HEX_LENGTH 64U

typedef struct Span {
        const char *start;
        size_t length;
} Span;

typedef struct DigestAlgorithm {
        const char *prefix;
        size_t hex_length;
} DigestAlgorithm;

static const DigestAlgorithm algorithms[] = {
        { "sha256:", 64 },
        { "sha512:", 128 },
};

static bool is_lower(char c) {
        return c >= 'a' && c <= 'z';
}

static bool is_upper(char c) {
        return c >= 'A' && c <= 'Z';
}

static bool is_number(char c) {
        return c >= '0' && c <= '9';
}

static bool is_alnum_lower(char c) {
        return is_lower(c) || is_number(c);
}

static bool is_alnum(char c) {
        return is_alnum_lower(c) || is_upper(c);
}

static bool is_hex_lower(char c) {
        return is_number(c) || (c >= 'a' && c <= 'f');
}

static bool is_word(char c) {
        return is_alnum(c) || c == '_';
}

bool image_digest_is_valid(const char *text) {
        if (!text)
                return false;

        for (size_t i = 0; i < ELEMENTSOF(algorithms); i++) {
                const char *hex = text + strlen(algorithms[i].prefix);
                size_t n = 0;

                if (strncmp(text, algorithms[i].prefix, strlen(algorithms[i].prefix)) != 0)
                        continue;

                while (is_hex_lower(hex[n]))
                        n++;
                return n == algorithms[i].hex_length && hex[n] == '\0';
        }

        return false;
}

bool image_tag_can_have(char c) {
        return is_word(c) || c == '.' || c == '-';
}

/* tag: [\w][\w.-]{0,127} */
static const char *tag_problem(Span tag) {
        if (tag.length == 0)
                return "the tag is empty";
        if (tag.length > IMAGE_TAG_MAX)
                return "the tag has more than 128 characters";
        if (!is_word(tag.start[0]))
                return "the tag begins with something else than a letter, a digit or '_'";

        for (size_t i = 1; i < tag.length; i++)
                if (!image_tag_can_have(tag.start[i]))
                        return "the tag has something else than letters, digits, '_', '.' and '-'";

        return NULL;
}

/* domain-component: ([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]), joined by dots */
static bool domain_name_is_valid(Span name) {
        bool at_start = true;

        for (size_t i = 0; i < name.length; i++) {
                char c = name.start[i];

                if (c == '.') {
                        if (at_start || name.start[i - 1] == '-')
                                return false;
                        at_start = true;
                        continue;
                }
                if (!is_alnum(c) && (c != '-' || at_start))
                        return false;
                at_start = false;
        }

        return !at_start && name.start[name.length - 1] != '-';
}

/* An IPv6 address in brackets: [a-fA-F0-9:]+ */
static bool domain_ipv6_is_valid(Span name) {
        if (name.length < 3 || name.start[name.length - 1] != ']')
                return false;

        for (size_t i = 1; i < name.length - 1; i++) {
                char c = name.start[i];

                if (!is_number(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') && c != ':')
                        return false;
        }

        return true;
}

static bool domain_is_valid(Span domain) {
        Span name = domain;
        size_t port = 0;

        while (name.length > 0 && is_number(name.start[name.length - 1])) {
                name.length--;
                port++;
        }

        if (name.length > 0 && name.start[name.length - 1] == ':' && port > 0)
                name.length--;
        else
                name = domain;
        if (name.length == 0)
                return false;

        return name.start[0] == '[' ? domain_ipv6_is_valid(name) : domain_name_is_valid(name);
}

/* How long the separator at `text` is: one dot, one or two underscores, any number of dashes. 0: none. */
static size_t separator_length(const char *text, size_t length) {
        size_t n = 0;

        if (length == 0)
                return 0;

        switch (text[0]) {
        case '.':
                return 1;
        case '_':
                return length > 1 && text[1] == '_' ? 2 : 1;
        case '-':
                while (n < length && text[n] == '-')
                        n++;
                return n;
        default:
                return 0;
        }
}

/* path-component: [a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)* */
static const char *path_component_problem(Span component) {
        size_t i = 0;

        if (component.length == 0)
                return "a component of the path is empty";

        for (;;) {
                size_t start = i, separator;

                while (i < component.length && is_alnum_lower(component.start[i]))
                        i++;
                if (i == component.length && i > start)
                        return NULL;
                if (i < component.length && is_upper(component.start[i]))
                        return "the repository has capitals: it must be lowercase";

                separator = separator_length(component.start + i, component.length - i);
                if (separator == 0 && i < component.length)
                        return "the repository has something else than small letters, digits, '.', '_' and '-'";
                if (i == start)
                        return "a component of the path begins or ends with a separator, or has two";
                i += separator;
        }
}

static const char *path_problem(Span path) {
        const char *end = path.start + path.length, *start = path.start;

        for (;;) {
                const char *slash = memchr(start, '/', (size_t) (end - start));
                const char *problem = path_component_problem(
                                (Span){ start, (size_t) ((slash ? slash : end) - start) });

                if (problem || !slash)
                        return problem;
                start = slash + 1;
        }
}

/* What stands before the first slash is a domain if it could be no component of a path, or is "localhost". */
static bool looks_like_domain(Span first) {
        if (first.length == strlen("localhost") && memcmp(first.start, "localhost", first.length) == 0)
                return true;

        for (size_t i = 0; i < first.length; i++)
                if (first.start[i] == '.' || first.start[i] == ':' || is_upper(first.start[i]))
                        return true;

        return false;
}

static bool span_is(Span span, const char *text) {
        return span.length == strlen(text) && memcmp(span.start, text, span.length) == 0;
}

static bool is_bare_hex(const char *text) {
        size_t n = 0;

        while (is_hex_lower(text[n]))
                n++;
        return n == BARE_HEX_LENGTH && text[n] == '\0';
}

/* Cuts digest and tag off the end of `text`; what is left is the name. NULL, or why not. */
static const char *cut_suffixes(const char *text, Span *ret_name, Span *ret_tag, const char **ret_digest) {
        const char *at = strchr(text, '@'), *end = at ? at : text + strlen(text), *colon = NULL;

        if (at && !image_digest_is_valid(at + 1))
                return "the digest is not sha256 or sha512 with its number of small hexadecimal digits";

        for (const char *p = end; p > text && p[-1] != '/'; p--)
                if (p[-1] == ':') {
                        colon = p - 1;
                        break;
                }

        *ret_digest = at ? at + 1 : NULL;
        *ret_tag = colon ? (Span){ colon + 1, (size_t) (end - colon - 1) } : (Span){ NULL, 0 };
        *ret_name = (Span){ text, (size_t) ((colon ? colon : end) - text) };
        return colon ? tag_problem(*ret_tag) : NULL;
}

typedef struct Name {
        Span domain;
        bool official; /* "library/" is to be put before the path */
        Span path;
} Name;

static int split_name(Span name, Name *ret, const char **ret_reason) {
        const char *slash = memchr(name.start, '/', name.length);
        Span first = { name.start, slash ? (size_t) (slash - name.start) : 0 };
        Name split = { .domain = { DEFAULT_DOMAIN, strlen(DEFAULT_DOMAIN) }, .path = name };
        size_t length;

        if (slash && looks_like_domain(first)) {
                split.domain = first;
                split.path = (Span){ slash + 1, name.length - first.length - 1 };
        }

        *ret_reason = path_problem(split.path);
        if (!*ret_reason && !domain_is_valid(split.domain))
                *ret_reason = "what stands before the first '/' is no valid domain and port";
        if (*ret_reason)
                return -EINVAL;

        if (span_is(split.domain, OLD_DOMAIN))
                split.domain = (Span){ DEFAULT_DOMAIN, strlen(DEFAULT_DOMAIN) };
        split.official = span_is(split.domain, DEFAULT_DOMAIN) &&
                         !memchr(split.path.start, '/', split.path.length);

        length = (split.official ? strlen(OFFICIAL_PREFIX) : 0) + split.path.length;
        if (length > IMAGE_NAME_MAX) {
                *ret_reason = "the path has more than 255 characters";
                return -ENAMETOOLONG;
        }

        *ret = split;
        return 0;
}

static int ref_build(const Name *name, Span tag, const char *digest, ImageRef **ret) {
        _cleanup_(image_ref_freep) ImageRef *ref = calloc(1, sizeof(*ref));

        if (!ref)
                return -ENOMEM;

        ref->domain = strndup(name->domain.start, name->domain.length);
        if (!ref->domain)
                return -ENOMEM;

        if (asprintf(&ref->path, "%s%.*s", name->official ? OFFICIAL_PREFIX : "", (int) name->path.length,
                     name->path.start) < 0) {
                ref->path = NULL;
                return -ENOMEM;
        }

        if (tag.start) {
                ref->tag = strndup(tag.start, tag.length);
                if (!ref->tag)
                        return -ENOMEM;
        }

        if (digest) {
                ref->digest = strdup(digest);
                if (!ref->digest)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(ref);
        return 0;
}

int image_ref_parse(const char *text, ImageRef **ret, const char **ret_reason) {
        const char *reason = NULL, *digest = NULL;
        Span whole = { NULL, 0 }, tag = { NULL, 0 };
        Name name;
        int r = 0;

        assert(text);
        assert(ret);

        if (strnlen(text, IMAGE_REF_MAX + 1) > IMAGE_REF_MAX) {
                reason = "the reference is too long";
                r = -ENAMETOOLONG;
        } else if (text[0] == '\0') {
                reason = "the reference is empty";
                r = -EINVAL;
        } else if (is_bare_hex(text)) {
                reason = "64 hexadecimal digits could be an image's id: name a repository";
                r = -EINVAL;
        } else {
                reason = cut_suffixes(text, &whole, &tag, &digest);
                if (reason)
                        r = tag.length > IMAGE_TAG_MAX ? -ENAMETOOLONG : -EINVAL;
        }

        if (r >= 0)
                r = split_name(whole, &name, &reason);
        if (r >= 0)
                return ref_build(&name, tag, digest, ret);

        if (ret_reason)
                *ret_reason = reason;
        return r;
}

ImageRef *image_ref_free(ImageRef *ref) {
        if (!ref)
                return NULL;

        free(ref->domain);
        free(ref->path);
        free(ref->tag);
        free(ref->digest);
        free(ref);
        return NULL;
}

int image_ref_repository(const ImageRef *ref, char **ret) {
        assert(ref);
        assert(ret);

        return asprintf(ret, "%s/%s", ref->domain, ref->path) < 0 ? -ENOMEM : 0;
}

int image_ref_format(const ImageRef *ref, char **ret) {
        assert(ref);
        assert(ret);

        return asprintf(ret, "%s/%s%s%s%s%s", ref->domain, ref->path, ref->tag ? ":" : "",
                        strempty(ref->tag), ref->digest ? "@" : "", strempty(ref->digest)) < 0
                               ? -ENOMEM
                               : 0;
}
