/* SPDX-License-Identifier: MIT */
/*
 * Which project and stage an image belongs to: the project by its repository, the stage by the first pattern, in the
 * order of the stages' names, that takes the tag. Reads the store, changes nothing.
 */
#pragma once

#include "shared/image-ref.h"
#include "webhookd/store/store.h"

typedef enum MatchVerdict {
        MATCH_STAGE,      /* project and stage are set */
        MATCH_NO_STAGE,   /* only the project is */
        MATCH_NO_PROJECT, /* neither is */
} MatchVerdict;

typedef struct Match {
        MatchVerdict verdict;
        Project *project;
        Stage *stage;
} Match;

void match_done(Match *match);

/* What patterns are matched against: the tag, or "latest" where the reference has none. Borrowed. */
const char *match_tag(const ImageRef *ref);

/*
 * The first stage before the one at `i` that takes every tag which that one takes, so that no push ever reaches it; NULL
 * where none is known to. Borrowed from the list.
 */
const Stage *match_shadow(const StageList *stages, size_t i);

int match_image(Store *store, const ImageRef *ref, Match *ret);
