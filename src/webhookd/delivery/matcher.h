/* SPDX-License-Identifier: MIT */
/*
 * Which projects and stages an image belongs to: each project that has its repository, and of its stages the first, in the
 * order of their names, whose pattern takes the tag. Reads the store, changes nothing.
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

/* One for each project that has the image, by their names; none is a MATCH_NO_PROJECT. */
typedef struct MatchList {
        Match *items;
        size_t n;
} MatchList;

void match_done(Match *match);
void match_list_done(MatchList *list);

/* What patterns are matched against: the tag, or "latest" where the reference has none. Borrowed. */
const char *match_tag(const ImageRef *ref);

/*
 * The first stage before the one at `i` that takes every tag which that one takes, so that no push ever reaches it; NULL
 * where none is known to. Borrowed from the list.
 */
const Stage *match_shadow(const StageList *stages, size_t i);

int match_images(Store *store, const ImageRef *ref, MatchList *ret);
/* The first that a stage takes, else the first at all. Borrowed from the list; NULL where it is empty. */
const Match *match_list_first(const MatchList *list);
