/* SPDX-License-Identifier: MIT */
/* Operations, and what is done with them from the call to the settling: waiting for them, telling of them. */
#include "webhookd/queue/operation.h"
#include "shared/log.h"

void operation_link(Operation *operation) {
        Dispatch *dispatch = operation->dispatch;

        operation->next = dispatch->operations;
        operation->slot = &dispatch->operations;
        if (operation->next)
                operation->next->slot = &operation->next;
        dispatch->operations = operation;
        dispatch->n_operations++;
}

Operation *operation_free(Operation *operation) {
        if (!operation)
                return NULL;

        if (operation->slot) {
                *operation->slot = operation->next;
                if (operation->next)
                        operation->next->slot = operation->slot;
                operation->dispatch->n_operations--;
        }
        deployer_call_free(operation->call);
        deploy_free(operation->deploy);
        free(operation->reason);
        free(operation);
        return NULL;
}

void dispatch_arm(Dispatch *dispatch, uint64_t when) {
        uint64_t armed = UINT64_MAX;
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(dispatch->timer, &enabled);
        (void) sd_event_source_get_time(dispatch->timer, &armed);
        if (enabled != SD_EVENT_OFF && armed <= when)
                return;

        (void) sd_event_source_set_time(dispatch->timer, when);
        (void) sd_event_source_set_enabled(dispatch->timer, SD_EVENT_ONESHOT);
}

void dispatch_tell(Dispatch *dispatch, const Deploy *deploy, EventId event, NoticeSignal signal,
                   DeployState state, const char *text) {
        Notice notice = notice_about(deploy, event, signal);

        notice.text = text;
        notice.state = state;
        if (outbox_add(dispatch->outbox, &notice) < 0)
                (void) log_oom();
}
