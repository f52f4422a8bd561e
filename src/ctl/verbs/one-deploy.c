/* SPDX-License-Identifier: MIT */
/* cancel and follow: what is done to one deploy, named by its id. */
#include "ctl/client.h"
#include "ctl/verbs/deploy-id.h"
#include "ctl/verbs/outcome.h"
#include "ctl/verbs/verbs.h"

/* The deploy that the argument names, and what is needed to wait for it: 0, an exit code, or a fault. */
static int begin(Ctl *ctl, char *args[], uint64_t *ret_id, Wait **ret) {
        int r;

        r = deploy_id_parse(ctl, args[0], ret_id);
        return r > 0 ? r : wait_new(ctl, ret);
}

int verb_cancel(Ctl *ctl, char *args[]) {
        _cleanup_(wait_freep) Wait *wait = NULL;
        uint64_t id = 0;
        int r;

        r = begin(ctl, args, &id, &wait);
        if (r != 0)
                return r;

        r = client_call(ctl, &peer_webhook, "Cancel", NULL, "t", id);
        return r < 0 ? r : outcome_await_listed(wait, id, GOAL_CANCELLED);
}

int verb_follow(Ctl *ctl, char *args[]) {
        _cleanup_(wait_freep) Wait *wait = NULL;
        uint64_t id = 0;
        int r;

        r = begin(ctl, args, &id, &wait);
        return r != 0 ? r : outcome_await_listed(wait, id, GOAL_RUNS);
}
