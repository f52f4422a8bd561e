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

static BackoffEntry *backoff_find(const Backoff *backoff, uint64_t deploy) {
        for (size_t i = 0; i < backoff->n; i++)
                if (backoff->entries[i].deploy == deploy)
                        return &backoff->entries[i];

        return NULL;
}

static void backoff_prune(Backoff *backoff, uint64_t now) {
        size_t kept = 0;

        for (size_t i = 0; i < backoff->n; i++)
                if (now < backoff->entries[i].not_before + ENTRY_KEPT_USEC)
                        backoff->entries[kept++] = backoff->entries[i];
        backoff->n = kept;
}

static BackoffEntry *backoff_add(Backoff *backoff, uint64_t deploy, uint64_t now) {
        backoff_prune(backoff, now);
        if (backoff->n == backoff->allocated) {
                size_t wanted = backoff->allocated > 0 ? 2 * backoff->allocated : 8;
                BackoffEntry *grown = reallocarray(backoff->entries, wanted, sizeof(*grown));

                if (!grown)
                        return NULL;

                backoff->entries = grown;
                backoff->allocated = wanted;
        }

        backoff->entries[backoff->n] = (BackoffEntry){ .deploy = deploy };
        return &backoff->entries[backoff->n++];
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
        if (entry)
                *entry = backoff->entries[--backoff->n];
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

size_t backoff_count(const Backoff *backoff) {
        assert(backoff);

        return backoff->n;
}
