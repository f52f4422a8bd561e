/* SPDX-License-Identifier: MIT */
/* Tags of images that are here. */
#pragma once

#include "deployerd/engine/engine.h"
#include "shared/image-ref.h"

/* Tags of images of one repository, and the engine's ids of what they name. */
typedef struct ImageTag {
        char *tag;
        char *id;
} ImageTag;

typedef struct ImageTagList {
        ImageTag *items;
        size_t n;
} ImageTagList;

/* The most tags of a repository that are looked at. */
#define IMAGE_TAGS_MAX 4096U

/* Gives the image that is here by the digest of `ref`, or by an id in its place, the tag `tag` in its repository. */
int engine_image_tag(Engine *engine, const ImageRef *ref, const char *tag);
/* Takes a tag of the repository of `ref` away, and the image with its last one; 0 also where it is gone or in use. */
int engine_image_untag(Engine *engine, const ImageRef *ref, const char *tag);
/* All tags of the repository of `ref` that are here, in no order. `*ret` is to be released. */
int engine_image_list_tags(Engine *engine, const ImageRef *ref, ImageTagList *ret);
void image_tag_list_done(ImageTagList *list);

/* Reads the tags of the repository of `ref` out of a list of images. Pure. -EBADMSG: no list, or too long; -ENOMEM. */
int image_tag_list_read(const json_t *images, const ImageRef *ref, ImageTagList *ret);
