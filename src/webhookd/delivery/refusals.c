/* SPDX-License-Identifier: MIT */
/* Refused requests, counted: see refusals.h. */
#include "webhookd/delivery/refusals.h"

#include <inttypes.h>

#include "shared/log.h"
#include "shared/time-util.h"

void refusals_note(Refusals *refusals, const char *remote, const char *hook, int status) {
        EventFields fields = EVENT_FIELDS_NONE;
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        assert(refusals);

        if (refusals->logged_at > 0 && now < refusals->logged_at + REFUSALS_INTERVAL_USEC) {
                refusals->n_unlogged++;
                return;
        }

        fields.remote = remote;
        fields.hook = hook;
        if (refusals->n_unlogged > 0)
                log_event(EVENT_DELIVERY_REJECTED, &fields,
                          "Request refused with %i; %" PRIu64 " more since the last such entry", status,
                          refusals->n_unlogged);
        else
                log_event(EVENT_DELIVERY_REJECTED, &fields, "Request refused with %i", status);

        refusals->logged_at = now;
        refusals->n_unlogged = 0;
}

void refusals_log_rest(Refusals *refusals) {
        assert(refusals);

        if (refusals->n_unlogged == 0)
                return;

        log_event(EVENT_DELIVERY_REJECTED, NULL,
                  "%" PRIu64 " more requests refused since the last such entry", refusals->n_unlogged);
        refusals->n_unlogged = 0;
}
