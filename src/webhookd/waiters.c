/* SPDX-License-Identifier: MIT */
/* Answers that are held back: see waiters.h. */
#include "webhookd/waiters.h"

#include "shared/time-util.h"

struct Waiters {
        sd_event_source *timer;
        Waiter *first;
        size_t n;
        bool stopped;
};

/* At the end of whoever has waited for long enough first. */
static void waiters_arm(Waiters *waiters) {
        uint64_t until = UINT64_MAX;

        for (const Waiter *waiter = waiters->first; waiter; waiter = waiter->next)
                if (waiter->until < until)
                        until = waiter->until;

        (void) sd_event_source_set_time(waiters->timer, until);
        (void) sd_event_source_set_enabled(waiters->timer, waiters->first ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        Waiters *waiters = userdata;
        Waiter *next;

        (void) source;
        (void) usec;

        for (Waiter *waiter = waiters->first; waiter; waiter = next) {
                next = waiter->next;
                if (now >= waiter->until)
                        waiters_release(waiters, waiter);
        }

        waiters_arm(waiters);
        return 0;
}

int waiters_new(sd_event *event, Waiters **ret) {
        _cleanup_(waiters_freep) Waiters *waiters = NULL;
        int r;

        assert(event);
        assert(ret);

        waiters = calloc(1, sizeof(*waiters));
        if (!waiters)
                return -ENOMEM;

        r = sd_event_add_time(event, &waiters->timer, CLOCK_MONOTONIC, 0, 10 * USEC_PER_MSEC, on_timer,
                              waiters);
        if (r >= 0)
                r = sd_event_source_set_enabled(waiters->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(waiters);
        return 0;
}

Waiters *waiters_free(Waiters *waiters) {
        if (!waiters)
                return NULL;

        while (waiters->first)
                waiters_remove(waiters, waiters->first);
        sd_event_source_unref(waiters->timer);
        free(waiters);
        return NULL;
}

/* How many places a hook has. */
typedef struct Share {
        Waiter *newest;
        size_t n;
} Share;

/* Of each hook that waits; returns their number. */
static size_t waiters_divide(const Waiters *waiters, Share shares[static WAITERS_MAX]) {
        size_t n = 0;

        for (Waiter *waiter = waiters->first; waiter; waiter = waiter->next) {
                size_t i = 0;

                while (i < n && !streq(shares[i].newest->hook, waiter->hook))
                        i++;
                if (i == n)
                        shares[n++] = (Share){ .newest = waiter };
                shares[i].n++;
        }

        return n;
}

/* Whether one has made room for a waiter of that hook. That hook still has as many as this one then: nobody comes and goes. */
static bool waiters_make_room(Waiters *waiters, const char *hook) {
        Share shares[WAITERS_MAX] = { 0 }, *most = shares;
        size_t n, own = 0;

        n = waiters_divide(waiters, shares);
        for (Share *share = shares; share < shares + n; share++) {
                if (share->n > most->n)
                        most = share;
                if (streq(share->newest->hook, hook))
                        own = share->n;
        }
        if (most->n <= own + 1)
                return false;

        waiters_release(waiters, most->newest);
        return true;
}

int waiters_add(Waiters *waiters, Waiter *waiter) {
        assert(waiters);
        assert(waiter && !waiter->slot && waiter->wake);
        assert(waiter->n > 0 && waiter->n <= WAITER_DEPLOYS_MAX);

        if (waiters->stopped)
                return -ESHUTDOWN;
        if (waiters->n >= WAITERS_MAX && !waiters_make_room(waiters, waiter->hook))
                return -EUSERS;

        waiter->next = waiters->first;
        waiter->slot = &waiters->first;
        if (waiter->next)
                waiter->next->slot = &waiter->next;
        waiters->first = waiter;
        waiters->n++;
        waiters_arm(waiters);
        return 0;
}

void waiters_remove(Waiters *waiters, Waiter *waiter) {
        assert(waiters);
        assert(waiter);

        if (!waiter->slot)
                return;

        *waiter->slot = waiter->next;
        if (waiter->next)
                waiter->next->slot = waiter->slot;
        waiter->slot = NULL;
        waiter->next = NULL;
        waiters->n--;
}

static void waiters_wake(Waiters *waiters, Waiter *waiter) {
        waiters_remove(waiters, waiter);
        waiter->wake(waiter);
}

void waiters_release(Waiters *waiters, Waiter *waiter) {
        assert(waiters);
        assert(waiter);

        if (!waiter->slot)
                return;

        waiter->is_over = true;
        waiters_wake(waiters, waiter);
}

/* Whether there is nothing left that it waits for. */
static bool waiter_drop(Waiter *waiter, uint64_t deploy) {
        size_t n = 0;

        for (size_t i = 0; i < waiter->n; i++)
                if (waiter->deploys[i] != deploy)
                        waiter->deploys[n++] = waiter->deploys[i];

        waiter->n = n;
        return n == 0;
}

void waiters_end_deploy(Waiters *waiters, uint64_t deploy) {
        Waiter *next;

        assert(waiters);

        for (Waiter *waiter = waiters->first; waiter; waiter = next) {
                next = waiter->next;
                if (waiter_drop(waiter, deploy))
                        waiters_wake(waiters, waiter);
        }
}

void waiters_wake_hook(Waiters *waiters, const char *hook) {
        Waiter *next;

        assert(waiters);
        assert(hook);

        for (Waiter *waiter = waiters->first; waiter; waiter = next) {
                next = waiter->next;
                if (streq(waiter->hook, hook))
                        waiters_wake(waiters, waiter);
        }
}

void waiters_release_all(Waiters *waiters) {
        assert(waiters);

        while (waiters->first)
                waiters_release(waiters, waiters->first);
}

void waiters_stop(Waiters *waiters) {
        assert(waiters);

        waiters->stopped = true;
        waiters_release_all(waiters);
}

size_t waiters_count(const Waiters *waiters) {
        assert(waiters);

        return waiters->n;
}
