/* SPDX-License-Identifier: MIT */
/* Waiting longer each time: see backoff.h. */
#include "webhookd/queue/backoff.h"

/* An entry whose deploy was put aside by a newer one is never asked for again: it goes after this time. */
#define ENTRY_KEPT_USEC (3600 * USEC_PER_SEC)

void backoff_done(Backoff *backoff) {
        assert(backoff);

        free(backoff->entries);
        *backoff = (Backoff){ 0 };
}

/* Of the deploy, or of the first above it. They lie in the order of the deploys. */
static size_t backoff_place(const Backoff *backoff, uint64_t deploy) {
        size_t low = 0, high = backoff->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (backoff->entries[middle].deploy < deploy)
                        low = middle + 1;
                else
                        high = middle;
        }

        return low;
}

static BackoffEntry *backoff_find(const Backoff *backoff, uint64_t deploy) {
        size_t place = backoff_place(backoff, deploy);

        return place < backoff->n && backoff->entries[place].deploy == deploy ? &backoff->entries[place]
                                                                              : NULL;
}

static void backoff_prune(Backoff *backoff, uint64_t now) {
        size_t kept = 0;

        for (size_t i = 0; i < backoff->n; i++)
                if (now < backoff->entries[i].not_before + ENTRY_KEPT_USEC)
                        backoff->entries[kept++] = backoff->entries[i];
        backoff->n = kept;
}

static BackoffEntry *backoff_add(Backoff *backoff, uint64_t deploy, uint64_t now) {
        BackoffEntry *entry;
        size_t place;

        backoff_prune(backoff, now);
        if (backoff->n == backoff->allocated) {
                size_t wanted = backoff->allocated > 0 ? 2 * backoff->allocated : 8;
                BackoffEntry *grown = reallocarray(backoff->entries, wanted, sizeof(*grown));

                if (!grown)
                        return NULL;

                backoff->entries = grown;
                backoff->allocated = wanted;
        }

        place = backoff_place(backoff, deploy);
        entry = &backoff->entries[place];
        memmove(entry + 1, entry, (backoff->n - place) * sizeof(*entry));
        *entry = (BackoffEntry){ .deploy = deploy };
        backoff->n++;
        return entry;
}

uint64_t backoff_delay(const Backoff *backoff, uint64_t deploy) {
        const BackoffEntry *entry;
        uint64_t delay = RETRY_MIN_USEC;

        assert(backoff);

        entry = backoff_find(backoff, deploy);
        for (unsigned i = 0; entry && i < entry->failures && delay < RETRY_MAX_USEC; i++)
                delay *= 2;

        return delay < RETRY_MAX_USEC ? delay : RETRY_MAX_USEC;
}

uint64_t backoff_next(Backoff *backoff, uint64_t deploy, uint64_t now) {
        uint64_t delay = backoff_delay(backoff, deploy);
        BackoffEntry *entry;

        assert(backoff);

        entry = backoff_find(backoff, deploy);
        if (!entry)
                entry = backoff_add(backoff, deploy, now);
        if (!entry)
                return delay;

        entry->failures++;
        entry->not_before = now + delay;
        return delay;
}

void backoff_forget(Backoff *backoff, uint64_t deploy) {
        BackoffEntry *entry;

        assert(backoff);

        entry = backoff_find(backoff, deploy);
        if (!entry)
                return;

        backoff->n--;
        memmove(entry, entry + 1, (size_t) (backoff->entries + backoff->n - entry) * sizeof(*entry));
}

bool backoff_is_over(const Backoff *backoff, uint64_t deploy, uint64_t now) {
        const BackoffEntry *entry;

        assert(backoff);

        entry = backoff_find(backoff, deploy);
        return !entry || now >= entry->not_before;
}

uint64_t backoff_first(const Backoff *backoff, uint64_t now) {
        uint64_t first = UINT64_MAX;

        assert(backoff);

        for (size_t i = 0; i < backoff->n; i++)
                if (backoff->entries[i].not_before > now && backoff->entries[i].not_before < first)
                        first = backoff->entries[i].not_before;

        return first;
}
