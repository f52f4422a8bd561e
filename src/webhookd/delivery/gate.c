/* SPDX-License-Identifier: MIT */
/* What a stage has, and whether a push is ahead of it: see gate.h. */
#include "webhookd/delivery/gate.h"

#include "shared/protocol.h"
#include "shared/tag/semver.h"
#include "webhookd/delivery/matcher.h"
#include "webhookd/store/watch.h"

static const char *const reasons[] = {
        [GATE_OPEN] = NULL,
        [GATE_LOWER_VERSION] = "lower-version",
        [GATE_ROLLED_BACK] = "rolled-back",
        [GATE_SAME_DIGEST] = "same-digest",
        [GATE_OLDER_PUSH] = "older-push",
        [GATE_FAILED_WATCH] = "failed-watch",
};

const char *gate_reason(GateVerdict verdict) {
        assert(verdict < ELEMENTSOF(reasons));

        return reasons[verdict];
}

/* Of store_list_current(), which is newest first: what is below the row of a rollback is what it leaves, or has left. */
typedef struct Current {
        DeployList rows;
        size_t n;      /* rows that count */
        size_t n_kept; /* rows before what a rollback left */
} Current;

static void current_done(Current *current) {
        deploy_list_done(&current->rows);
}

static int current_read(Store *store, int64_t stage_id, Current *ret) {
        Current current = { .n_kept = 0 };
        int r;

        r = store_list_current(store, stage_id, &current.rows);
        if (r < 0)
                return r;

        while (current.n_kept < current.rows.n)
                if (current.rows.items[current.n_kept++].generation > 0)
                        break;

        /* No operator has left what failed its watch: of that the digest alone is left, and a version that mends it is taken. */
        current.n = current.n_kept > 0 && streq(current.rows.items[current.n_kept - 1].source, SOURCE_WATCH)
                                    ? current.n_kept
                                    : current.rows.n;

        *ret = current;
        return 0;
}

/* What failed its watch is not brought back by who pushes it again. Of a tag alone the deployer tells which image it is. */
static int check_failed(Store *store, int64_t stage_id, const char *digest) {
        _cleanup_free_ char *failed = NULL;
        int r;

        if (!digest)
                return 0;

        r = store_find_failed_digest(store, stage_id, UINT64_MAX, &failed);
        return r <= 0 ? r : streq(failed, digest);
}

/* How the version of `image` compares with the pushed one; below it where `image` has none. */
static int compare_image(const char *image, const Semver *pushed, int *ret) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        Semver version;
        int r;

        r = image_ref_parse(image, &ref, NULL);
        if (r == -ENOMEM)
                return r;

        *ret = r >= 0 && semver_parse(match_tag(ref), &version) >= 0 ? semver_compare(&version, pushed) : -1;
        return 0;
}

static int check_version(const Current *current, const Stage *stage, const Semver *pushed,
                         GateVerdict *ret) {
        int r, order = -1;

        if (!stage->auto_deploy && stage->available) {
                r = compare_image(stage->available, pushed, &order);
                if (r < 0)
                        return r;
        }

        *ret = order > 0 ? GATE_LOWER_VERSION : GATE_OPEN;
        for (size_t i = 0; i < current->n && *ret == GATE_OPEN; i++) {
                bool left = i >= current->n_kept;

                r = compare_image(current->rows.items[i].image, pushed, &order);
                if (r < 0)
                        return r;
                if (left ? order >= 0 : order > 0)
                        *ret = left ? GATE_ROLLED_BACK : GATE_LOWER_VERSION;
        }

        return 0;
}

static bool row_has(const Deploy *row, const char *digest) {
        return row->digest && streq(row->digest, digest);
}

static GateVerdict check_digest(const Current *current, bool downgrade, const char *digest) {
        /* The newest row is what the stage runs in the end, should it come up. */
        if (current->n > 0 && row_has(&current->rows.items[0], digest))
                return GATE_SAME_DIGEST;

        for (size_t i = current->n_kept; i < current->n && !downgrade; i++)
                if (row_has(&current->rows.items[i], digest))
                        return GATE_ROLLED_BACK;

        return GATE_OPEN;
}

int gate_check(Store *store, const Stage *stage, const ImageRef *ref, const Enqueue *push,
               GateVerdict *ret) {
        _cleanup_(current_done) Current current = { .n_kept = 0 };
        uint64_t latest = 0;
        Semver pushed;
        bool by_version, by_digest;
        int r;

        assert(store);
        assert(stage);
        assert(ref);
        assert(push);
        assert(ret);

        r = push->pushed_at > 0 ? store_find_push_time(store, push, &latest) : 0;
        if (r < 0)
                return r;
        if (latest > push->pushed_at) {
                *ret = GATE_OLDER_PUSH;
                return 0;
        }

        r = check_failed(store, stage->id, ref->digest);
        if (r < 0)
                return r;
        if (r > 0) {
                *ret = GATE_FAILED_WATCH;
                return 0;
        }

        by_version = stage->policy == TAG_POLICY_SEMVER && !stage->downgrade &&
                     semver_parse(match_tag(ref), &pushed) >= 0;
        by_digest = stage->policy == TAG_POLICY_DIGEST && ref->digest;
        if (!by_version && !by_digest) {
                *ret = GATE_OPEN;
                return 0;
        }

        r = current_read(store, stage->id, &current);
        if (r < 0)
                return r;

        if (by_version)
                return check_version(&current, stage, &pushed, ret);

        *ret = check_digest(&current, stage->downgrade, ref->digest);
        return 0;
}
