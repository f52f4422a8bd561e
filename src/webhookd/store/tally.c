/* SPDX-License-Identifier: MIT */
/* What a transaction counts: see tally.h. */
#include "webhookd/store/tally.h"
#include "webhookd/store/items.h"

int tally_add(Tally *tally, const Tallied *item) {
        Tallied *grown;

        assert(tally);
        assert(item);

        grown = items_grow(tally->items, tally->n, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        tally->items = grown;
        tally->items[tally->n++] = *item;
        return 0;
}

void tally_cut(Tally *tally, size_t n) {
        assert(tally);

        if (n < tally->n)
                tally->n = n;
        if (tally->n > 0)
                return;

        free(tally->items);
        tally->items = NULL;
}

static int compare_numbers(uint64_t a, uint64_t b) {
        return (a > b) - (a < b);
}

static int compare(const void *a, const void *b) {
        const Tallied *left = a, *right = b;
        int r;

        r = strcmp(strempty(left->provider), strempty(right->provider));
        if (r == 0)
                r = compare_numbers(left->outcome, right->outcome);
        if (r == 0)
                r = compare_numbers((uint64_t) left->stage_id, (uint64_t) right->stage_id);
        if (r == 0)
                r = compare_numbers(left->state, right->state);
        return r != 0 ? r : compare_numbers(left->bucket, right->bucket);
}

void tally_merge(Tally *tally) {
        size_t n = 0;

        assert(tally);

        if (tally->n == 0)
                return;

        qsort(tally->items, tally->n, sizeof(*tally->items), compare);
        for (size_t i = 1; i < tally->n; i++) {
                const Tallied *item = &tally->items[i];
                Tallied *last = &tally->items[n];

                if (compare(last, item) != 0) {
                        tally->items[++n] = *item;
                        continue;
                }

                last->n += item->n;
                last->usec += item->usec;
                if (item->finished_at > last->finished_at)
                        last->finished_at = item->finished_at;
        }
        tally->n = n + 1;
}
