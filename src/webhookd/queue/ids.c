/* SPDX-License-Identifier: MIT */
/* Numbers that the engine has seen, and that a restored backup has forgotten: deploys go on above them. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/log.h"
#include "webhookd/queue/ids.h"
#include "webhookd/queue/operation.h"

static void tell_renewed(Dispatch *dispatch, uint64_t old, uint64_t new) {
        _cleanup_(deploy_freep) Deploy *ended = NULL, *next = NULL;
        char text[128];

        if (store_find_deploy(dispatch->store, old, &ended) <= 0 ||
            store_find_deploy(dispatch->store, new, &next) <= 0)
                return;

        (void) snprintf(text, sizeof(text),
                        "Deploy %" PRIu64 " goes on as deploy %" PRIu64 ": its number was taken", old, new);
        dispatch_tell(dispatch, ended, EVENT_DEPLOY_SUPERSEDED, NOTICE_DEPLOY_FINISHED, DEPLOY_SUPERSEDED,
                      text);
        dispatch_tell(dispatch, next, EVENT_DELIVERY_ACCEPTED, NOTICE_DEPLOY_QUEUED, DEPLOY_QUEUED, text);
}

void dispatch_raise_ids(Dispatch *dispatch, const DeployerInstance *instance) {
        uint64_t old, new;
        int r;

        /* Of whatever store: a store that was lost has left containers, whose names are taken as well. */
        r = store_raise_ids(dispatch->store, instance->project, instance->stage, instance->deploy, &old,
                            &new);
        if (r < 0)
                (void) log_seldom_errno(LOG_ERR, r, "Cannot raise the number of deploys: %s",
                                        store_error(dispatch->store));
        else if (new > 0)
                tell_renewed(dispatch, old, new);
}
