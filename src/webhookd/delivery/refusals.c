/* SPDX-License-Identifier: MIT */
/* Refused requests, counted: see refusals.h. */
#include "webhookd/delivery/refusals.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/log.h"
#include "shared/time-util.h"

static bool budget_is_spent(const RefusalBudget *budget, uint64_t now) {
        return budget->logged_at > 0 && now < budget->logged_at + REFUSALS_INTERVAL_USEC;
}

static RefusalBudget *refusals_find(Refusals *refusals, const Refusal *refusal, uint64_t now) {
        RefusalBudget *idle = NULL;

        if (!refusal->hook)
                return &refusals->budgets[0];

        for (size_t i = 1; i < REFUSAL_BUDGETS_MAX; i++) {
                RefusalBudget *budget = &refusals->budgets[i];

                if (streq(budget->hook, refusal->hook) && budget->is_queue_full == refusal->is_queue_full)
                        return budget;
                if (!idle && budget->n_unlogged == 0 && !budget_is_spent(budget, now))
                        idle = budget;
        }

        if (!idle || strlen(refusal->hook) >= sizeof(idle->hook))
                return &refusals->budgets[0];

        *idle = (RefusalBudget){ .is_queue_full = refusal->is_queue_full };
        (void) snprintf(idle->hook, sizeof(idle->hook), "%s", refusal->hook);
        return idle;
}

void refusals_note(Refusals *refusals, const Refusal *refusal) {
        EventFields fields = EVENT_FIELDS_NONE;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        RefusalBudget *budget;
        char rest[64] = "";

        assert(refusals);
        assert(refusal);

        budget = refusals_find(refusals, refusal, now);
        if (budget_is_spent(budget, now)) {
                budget->n_unlogged++;
                return;
        }

        fields.remote = refusal->remote;
        fields.hook = refusal->hook;
        fields.provider = refusal->provider;
        if (budget->n_unlogged > 0)
                (void) snprintf(rest, sizeof(rest), "; %" PRIu64 " more since the last such entry",
                                budget->n_unlogged);

        log_event(EVENT_DELIVERY_REJECTED, &fields, "Request refused with %i%s%s%s", refusal->status,
                  refusal->detail ? ": " : "", strempty(refusal->detail), rest);
        budget->logged_at = now;
        budget->n_unlogged = 0;
}

void refusals_log_rest(Refusals *refusals) {
        assert(refusals);

        for (size_t i = 0; i < REFUSAL_BUDGETS_MAX; i++) {
                RefusalBudget *budget = &refusals->budgets[i];
                EventFields fields = EVENT_FIELDS_NONE;

                if (budget->n_unlogged == 0)
                        continue;

                fields.hook = budget->hook[0] ? budget->hook : NULL;
                log_event(EVENT_DELIVERY_REJECTED, &fields,
                          "%" PRIu64 " more requests refused%s since the last such entry",
                          budget->n_unlogged, budget->is_queue_full ? " because the queue is full" : "");
                budget->n_unlogged = 0;
        }
}
