/* SPDX-License-Identifier: MIT */
/* Before the first deploy of a process: which numbers the engine has seen. A restored backup has forgotten some. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/log.h"
#include "webhookd/queue/dispatch-internal.h"

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

static void on_instance(const DeployerInstance *instance, bool complete, void *userdata) {
        Dispatch *dispatch = userdata;
        uint64_t old, new;
        int r;

        if (instance) {
                if (!streq(instance->store_uuid, dispatch->store_uuid))
                        return;

                r = store_raise_ids(dispatch->store, instance->project, instance->stage, instance->deploy,
                                    &old, &new);
                if (r < 0)
                        (void) log_error_errno(r, "Cannot raise the number of deploys: %s",
                                               store_error(dispatch->store));
                else if (new > 0)
                        tell_renewed(dispatch, old, new);
                return;
        }

        if (!complete)
                log_notice("The deployer does not say what runs: deploys go on with the numbers of the store.");
        dispatch->listing = deployer_call_free(dispatch->listing);
        dispatch->listed = true;
        if (dispatch->stopped)
                return;

        dispatch->hooks.changed(dispatch->userdata);
        dispatch_resume(dispatch);
}

bool dispatch_is_listed(Dispatch *dispatch) {
        int r;

        if (dispatch->listed)
                return true;
        if (dispatch->listing)
                return false;

        r = deployer_list(dispatch->deployer, on_instance, dispatch, &dispatch->listing);
        if (r < 0) {
                (void) log_warning_errno(r, "Cannot ask the deployer what runs: %m");
                dispatch->listed = true;
        }

        return dispatch->listed;
}
