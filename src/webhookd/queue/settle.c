/* SPDX-License-Identifier: MIT */
/* What became of a deploy, written to the store and told: the second half of Dispatch. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/log.h"
#include "shared/time-util.h"
#include "shared/utf8.h"
#include "webhookd/queue/operation.h"
#include "webhookd/queue/settle.h"

/* Bytes of a reason that an entry of the journal has; the row has all of it. */
#define TOLD_MAX 400U

static const struct {
        EventId event;
        const char *text;
} finish_texts[_DEPLOY_STATE_MAX] = {
        [DEPLOY_SUCCEEDED] = { EVENT_DEPLOY_SUCCEEDED, "succeeded" },
        [DEPLOY_UNCHANGED] = { EVENT_DEPLOY_UNCHANGED, "unchanged" },
        [DEPLOY_ROLLED_BACK] = { EVENT_DEPLOY_ROLLED_BACK, "rolled back" },
        [DEPLOY_FAILED] = { EVENT_DEPLOY_FAILED, "failed" },
        [DEPLOY_SUPERSEDED] = { EVENT_DEPLOY_SUPERSEDED, "superseded" },
        [DEPLOY_CANCELLED] = { EVENT_DEPLOY_CANCELLED, "cancelled" },
};

/* The deploy that follows for what joined this one: the pushes were told of when they came. */
static void operation_tell_again(const Operation *operation, uint64_t again) {
        Deploy deploy = *operation->deploy;
        char text[128];

        deploy.id = again;
        deploy.digest = NULL;
        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " looks again at what deploy %" PRIu64 " took",
                        again, operation->deploy->id);
        dispatch_tell(operation->dispatch, &deploy, EVENT_DELIVERY_ACCEPTED, NOTICE_DEPLOY_QUEUED,
                      DEPLOY_QUEUED, text);
}

void dispatch_tell_finished(Dispatch *dispatch, const Deploy *deploy, DeployState state,
                            const char *reason) {
        char text[512];

        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " %s%s%.*s", deploy->id,
                        finish_texts[state].text, isempty(reason) ? "" : ": ",
                        utf8_cut(strempty(reason), TOLD_MAX), strempty(reason));
        dispatch_tell(dispatch, deploy, finish_texts[state].event, NOTICE_DEPLOY_FINISHED, state, text);
}

static void operation_tell_finished(const Operation *operation, DeployState state, uint64_t again) {
        dispatch_tell_finished(operation->dispatch, operation->deploy, state, operation->reason);
        if (again > 0)
                operation_tell_again(operation, again);
}

/* The reply was an outcome, or an error that trying again cannot mend. */
static int operation_finish(Operation *operation) {
        DeployState state = operation->cancelled ? DEPLOY_CANCELLED
                            : operation->failed  ? DEPLOY_FAILED
                                                 : operation->outcome;
        Dispatch *dispatch = operation->dispatch;
        uint64_t again;
        int r;

        r = store_finish_deploy(dispatch->store, operation->deploy->id, state, operation->reason, &again);
        if (r < 0)
                return r;

        backoff_forget(&dispatch->backoff, operation->deploy->id);
        if (r > 0)
                operation_tell_finished(operation, state, again);
        if (state == DEPLOY_SUCCEEDED || state == DEPLOY_UNCHANGED)
                dispatch->hooks.succeeded(operation->deploy, dispatch->userdata);

        return 0;
}

static RequeueBound bound_of(ErrorVerdict verdict) {
        return verdict == ERROR_RETRY         ? REQUEUE_BOUND_ATTEMPTS
               : verdict == ERROR_RETRY_TIMED ? REQUEUE_BOUND_TIME
                                              : REQUEUE_BOUND_NONE;
}

static int operation_requeue(Operation *operation) {
        Dispatch *dispatch = operation->dispatch;
        Requeue requeue = {
                .bound = bound_of(operation->verdict),
                .retry_for_usec = dispatch->limits.retry_for_usec,
                .delay_usec = backoff_delay(&dispatch->backoff, operation->deploy->id),
                .reason = operation->reason,
        };
        RequeueVerdict verdict;
        uint64_t delay, again;
        char text[512];
        int r;

        r = store_requeue_deploy(dispatch->store, operation->deploy->id, &requeue, &verdict, &again);
        if (r < 0)
                return r;

        if (verdict != REQUEUE_QUEUED && verdict != REQUEUE_UNDO) {
                backoff_forget(&dispatch->backoff, operation->deploy->id);
                operation_tell_finished(operation, requeue_state(verdict), again);
                return 0;
        }

        delay = backoff_next(&dispatch->backoff, operation->deploy->id, now_usec(CLOCK_MONOTONIC));
        dispatch_arm(dispatch, now_usec(CLOCK_MONOTONIC) + delay);
        dispatch->orphans |= verdict == REQUEUE_UNDO;
        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " waits %" PRIu64 " s for %s: %.*s",
                        operation->deploy->id, delay / USEC_PER_SEC,
                        verdict == REQUEUE_UNDO ? "its undoing, since it is cancelled" : "its next attempt",
                        utf8_cut(strempty(operation->reason), TOLD_MAX), strempty(operation->reason));
        dispatch_tell(dispatch, operation->deploy, EVENT_DEPLOY_RETRIED, NOTICE_NO_SIGNAL,
                      requeue_state(verdict), text);
        return 0;
}

void operation_settle(Operation *operation) {
        Dispatch *dispatch = operation->dispatch;
        int r;

        if (operation->failed && operation->verdict != ERROR_FINAL)
                r = operation_requeue(operation);
        else
                r = operation_finish(operation);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot write the outcome of deploy %" PRIu64 ": %s",
                                        operation->deploy->id, store_error(dispatch->store));
                dispatch_arm(dispatch, now_usec(CLOCK_MONOTONIC) + dispatch->limits.store_retry_usec);
                return;
        }

        operation_free(operation);
}
