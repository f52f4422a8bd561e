/* SPDX-License-Identifier: MIT */
/*
 * Which images stay here for a rollback. Each deploy gives its image a tag of its own in the image's repository, which says
 * of what project, stage and deploy it is, keeps `docker image prune` away, and is all that is ever noted of past generations.
 */
#pragma once

#include "deployerd/engine/tags.h"

/* "tinyforge.", a stage, a number, the store's first eight digits, two dots, "-", eight digits for the project, the suffix, and a NUL. */
#define RETAIN_TAG_SIZE 121U

/* Whose tags they are: other projects may have the same repository, and stages of the same name. */
typedef struct RetainOwner {
        const char *project, *stage;
        const char *store; /* its UUID */
} RetainOwner;

/* What the tag ends with while nothing runs of the image yet: such a tag is no generation. */
#define RETAIN_PENDING_SUFFIX ".pending"

/* `pending`: for as long as the deploy has not switched. */
void retain_tag(const RetainOwner *owner, uint64_t deploy, bool pending, char ret[static RETAIN_TAG_SIZE]);

/*
 * Of the tags of this owner, those that go: all but the newest one of each of the `keep` images that ran last, and
 * those of deploys that never came to run. `*ret` has a flag for each of `tags`, true where it goes; the caller's to free. Pure; -ENOMEM.
 */
int retain_plan(const ImageTagList *tags, const RetainOwner *owner, unsigned keep, bool **ret);

/* Takes away the tags that retain_plan() names, and with them images that nothing else holds. */
int retain_sweep(Engine *engine, const ImageRef *ref, const RetainOwner *owner, unsigned keep);

/* Whether an attempt at a deploy of the stage has not come to its end: one that has a tag is under way, or has died. 1, 0, errors of engine.h. */
int retain_is_pending(Engine *engine, const ImageRef *ref, const RetainOwner *owner);

/* Takes the tags of such attempts away. What fails is left to a later sweep. */
void retain_drop_pending(Engine *engine, const ImageRef *ref, const RetainOwner *owner);
