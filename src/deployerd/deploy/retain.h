/* SPDX-License-Identifier: MIT */
/*
 * Which images stay here for a rollback. Each deploy gives its image a tag of its own in the image's repository, which says
 * of what stage and deploy it is, keeps `docker image prune` away, and is all that is ever noted of past generations.
 */
#pragma once

#include "deployerd/engine/images.h"

/* "tinyforge.", a stage, a number, the store's first eight digits, two dots, and a NUL. */
#define RETAIN_TAG_SIZE 104U

void retain_tag(const char *stage, uint64_t deploy, const char *store, char ret[static RETAIN_TAG_SIZE]);

/*
 * Of the tags of this stage and store, those that go: all but the newest one of each of the `keep` images that were
 * deployed last. `*ret` has a flag for each of `tags`, true where it goes; the caller's to free. Pure; -ENOMEM.
 */
int retain_plan(const ImageTagList *tags, const char *stage, const char *store, unsigned keep, bool **ret);

/* Takes away the tags that retain_plan() names, and with them images that nothing else holds. */
int retain_sweep(Engine *engine, const ImageRef *ref, const char *stage, const char *store, unsigned keep);

/* Takes one tag away: that of an image that did not come up. What fails is left to a later sweep. */
void retain_drop(Engine *engine, const ImageRef *ref, const char *tag);
