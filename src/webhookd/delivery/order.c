/* SPDX-License-Identifier: MIT */
/* Which deploys of a delivery wait for which: see order.h. */
#include "webhookd/delivery/order.h"

#include "webhookd/store/waits.h"

void order_note(Handling *handling, const Match *match, const EnqueueResult *result) {
        assert(handling->n_brought < DEPLOYS_TOLD_MAX);

        handling->brought[handling->n_brought++] = (Brought){
                .project_id = match->project->id,
                .after_id = match->project->after_id,
                .deploy = result->deploy_id,
                .is_open = !deploy_state_is_final(result->state),
                .may_wait = result->state == DEPLOY_QUEUED && result->verdict != ENQUEUE_REDELIVERED,
        };
        handling->has_order |= match->project->after_id > 0;
}

static int order_deploy(const Handling *handling, const Brought *later) {
        uint64_t after[DEPLOYS_TOLD_MAX];
        size_t n = 0;

        for (size_t i = 0; i < handling->n_brought; i++)
                if (handling->brought[i].project_id == later->after_id && handling->brought[i].is_open)
                        after[n++] = handling->brought[i].deploy;

        return n > 0 ? store_await_deploys(handling->delivery->store, later->deploy, after, n) : 0;
}

int order_deploys(const Handling *handling) {
        int r = 0;

        for (size_t i = 0; i < handling->n_brought && handling->has_order && r >= 0; i++)
                if (handling->brought[i].after_id > 0 && handling->brought[i].may_wait)
                        r = order_deploy(handling, &handling->brought[i]);

        return r;
}
