/* SPDX-License-Identifier: MIT */
/*
 * Tally: what the open transaction has counted so far. It is written once at the end of it, by metrics.c, so that a turn of many
 * deliveries writes a counter once; what is undone is counted no more. From inside the store alone.
 */
#pragma once

#include "webhookd/store/store.h"

typedef struct Tallied {
        const char *provider; /* static; of a delivery with that outcome. NULL: a deploy ended, and the rest counts */
        DeliveryOutcome outcome;
        DeployState state;
        int64_t stage_id;
        unsigned bucket; /* of its duration */
        uint64_t n;
        uint64_t usec, finished_at; /* what all of them took, and when the last of them ended */
} Tallied;

typedef struct Tally {
        Tallied *items;
        size_t n;
} Tally;

/* Adds a copy. -ENOMEM. */
int tally_add(Tally *tally, const Tallied *item);
/* Forgets all but the first `n`. */
void tally_cut(Tally *tally, size_t n);
/* Makes one of those that count the same. */
void tally_merge(Tally *tally);
