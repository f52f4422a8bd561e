/* SPDX-License-Identifier: MIT */
/*
 * ImageRef: an image reference, parsed and normalised by the grammar of the `distribution/reference`
 * package (0.6): `nginx` is `docker.io/library/nginx`, a port is not a tag, a path has at most 255 characters.
 * Pure: no I/O, no logging, no locale.
 */
#pragma once

#include "shared/macro.h"

/* The longest path, normalised, without the domain: what the package counts since its version 0.6. */
#define IMAGE_NAME_MAX 255U
/* The longest tag, by the specification. */
#define IMAGE_TAG_MAX 128U
/* The longest reference that is looked at: name, tag, and the longest digest this program knows. */
#define IMAGE_REF_MAX 1024U

typedef struct ImageRef {
        char *domain; /* "docker.io", "registry.example:5000" */
        char *path;   /* "library/nginx" */
        char *tag;    /* NULL where the reference has none; never defaulted by the parser */
        char *digest; /* "sha256:…", or NULL */
} ImageRef;

/*
 * Parses and normalises `text`. Narrower than the package in two things: digests are sha256 or sha512, and what only
 * looks like a domain (`a_b.example/c`, where the package finds a name without a domain) is refused. On success `*ret` is owned by the caller. Errors: -EINVAL for anything
 * the grammar refuses, with `*ret_reason` (may be NULL; static text, English, no newline) telling why;
 * -ENAMETOOLONG (with a reason as well) for a name, tag or reference beyond its limit; -ENOMEM.
 */
int image_ref_parse(const char *text, ImageRef **ret, const char **ret_reason);
ImageRef *image_ref_free(ImageRef *ref);
DEFINE_CLEANUP(ImageRef, image_ref_free)

/* "domain/path", freshly allocated: the key of a project. -ENOMEM is the only error. */
int image_ref_repository(const ImageRef *ref, char **ret);

/* "domain/path[:tag][@digest]", freshly allocated: what is stored, answered and sent over the bus. */
int image_ref_format(const ImageRef *ref, char **ret);

/* Whether a tag can have that character, be it its first or not. */
bool image_tag_can_have(char c);

/* Whether `text` is a digest of the specification's grammar, and one this program accepts (sha256, sha512). */
bool image_digest_is_valid(const char *text);
