/* SPDX-License-Identifier: MIT */
/* Entries that are counted instead of written: see flood.h. */
#include "webhookd/flood.h"

#include <inttypes.h>

#include "shared/log.h"
#include "shared/time-util.h"

struct Flood {
        sd_event_source *timer;
        unsigned max_entries, n_entries;
        uint64_t until; /* when this second is over, CLOCK_MONOTONIC, µs */
        uint64_t n_accepted, n_ignored, n_superseded;
};

static void flood_log(Flood *flood) {
        uint64_t n = flood->n_accepted + flood->n_ignored + flood->n_superseded;

        if (n == 0)
                return;

        log_event(EVENT_DELIVERIES_COUNTED, &EVENT_FIELDS_NONE,
                  "%" PRIu64 " more entries in a second: %" PRIu64 " deliveries accepted, %" PRIu64
                  " ignored, %" PRIu64 " deploys superseded",
                  n, flood->n_accepted, flood->n_ignored, flood->n_superseded);
        flood->n_accepted = flood->n_ignored = flood->n_superseded = 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;

        flood_log(userdata);
        return 0;
}

int flood_new(sd_event *event, unsigned max_entries, Flood **ret) {
        _cleanup_(flood_freep) Flood *flood = NULL;
        int r;

        assert(event);
        assert(ret);

        flood = calloc(1, sizeof(*flood));
        if (!flood)
                return -ENOMEM;

        flood->max_entries = max_entries;
        r = sd_event_add_time(event, &flood->timer, CLOCK_MONOTONIC, 0, 10 * USEC_PER_MSEC, on_timer, flood);
        if (r >= 0)
                r = sd_event_source_set_enabled(flood->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(flood);
        return 0;
}

Flood *flood_free(Flood *flood) {
        if (!flood)
                return NULL;

        flood_log(flood);
        sd_event_source_disable_unref(flood->timer);
        free(flood);
        return NULL;
}

/* Where an entry of this kind is counted, or NULL where all of them are written. */
static uint64_t *flood_count_of(Flood *flood, const Notice *notice) {
        if (notice->caller_uid != (uid_t) -1)
                return NULL;

        switch (notice->event) {
        case EVENT_DELIVERY_ACCEPTED:
                return &flood->n_accepted;

        case EVENT_DELIVERY_IGNORED:
                return &flood->n_ignored;

        case EVENT_DEPLOY_SUPERSEDED:
                return &flood->n_superseded;

        default:
                return NULL;
        }
}

bool flood_takes(Flood *flood, const Notice *notice) {
        uint64_t *count, now;

        assert(flood);
        assert(notice);

        count = flood_count_of(flood, notice);
        if (!count || flood->max_entries == 0)
                return false;

        now = now_usec(CLOCK_MONOTONIC);
        if (now >= flood->until) {
                flood_log(flood);
                flood->until = now + FLOOD_INTERVAL_USEC;
                flood->n_entries = 0;
        }
        if (flood->n_entries < flood->max_entries) {
                flood->n_entries++;
                return false;
        }

        /* The last of a flood are told of by the timer. Where that cannot be set, the next delivery or the end of the process tells. */
        if (flood->n_accepted + flood->n_ignored + flood->n_superseded == 0 &&
            sd_event_source_set_time(flood->timer, flood->until) >= 0)
                (void) sd_event_source_set_enabled(flood->timer, SD_EVENT_ONESHOT);
        ++*count;
        return true;
}
