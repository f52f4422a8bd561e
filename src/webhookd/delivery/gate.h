/* SPDX-License-Identifier: MIT */
/*
 * Gate: whether a stage follows a push that its pattern takes. Senders repeat what was not answered, so that pushes may come
 * in another order than they were made: where both tell their times, one is left that is older than what the stage has of the
 * same tag, or had until another push took its place. Else a glob or a regex follows every one. With `semver` the
 * highest version wins: a push that is lower than what the stage runs, has in its queue, or has available is left. With
 * `digest` a push is left whose digest is what the stage runs or is about to run. Neither goes back by itself to what an
 * operator rolled back from: only a version above all of it, or a digest that is not among it, opens the gate again. Whatever the policy
 * is, a digest is left that failed while it was watched.
 *
 * It is for pushes alone: what a person asks for is done. Reads the store, changes nothing.
 */
#pragma once

#include "shared/image-ref.h"
#include "webhookd/store/store.h"

typedef enum GateVerdict {
        GATE_OPEN,
        GATE_LOWER_VERSION, /* the stage has a higher one, and must not downgrade */
        GATE_ROLLED_BACK,   /* an operator rolled back from it, or from a higher version */
        GATE_SAME_DIGEST,   /* the stage has that already */
        GATE_OLDER_PUSH,    /* the stage has a later push of the same tag that came through the same hook */
        GATE_FAILED_WATCH,  /* the stage had it, and it failed while it was watched */
} GateVerdict;

/* Why a push is left, for the sender and the journal: "lower-version", …; NULL for GATE_OPEN. */
const char *gate_reason(GateVerdict verdict);

/* `ref` is what was pushed, and `push` is what would be asked of the store for it. */
int gate_check(Store *store, const Stage *stage, const ImageRef *ref, const Enqueue *push, GateVerdict *ret);
