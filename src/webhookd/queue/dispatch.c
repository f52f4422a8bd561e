/* SPDX-License-Identifier: MIT */
/* The queue's way to the deployer: see dispatch.h. What becomes of a reply is in settle.c. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/image-ref.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "webhookd/queue/context.h"
#include "webhookd/queue/dispatch.h"
#include "webhookd/queue/ids.h"
#include "webhookd/queue/operation.h"
#include "webhookd/queue/reason.h"
#include "webhookd/queue/settle.h"
#include "webhookd/store/waits.h"
#include "webhookd/store/watch.h"

/* "PullFailed: manifest unknown": the name without its prefix, and what the deployer says. */
static char *reason_of_error(const DeployerReply *reply) {
        const char *dot = strrchr(reply->error_name, '.');
        char *reason = NULL;

        if (asprintf(&reason, "%s: %s", dot ? dot + 1 : reply->error_name, strempty(reply->error_text)) < 0)
                return NULL;

        return reason;
}

/* The deployer has three outcomes; anything else is none. */
static DeployState outcome_from_string(const char *outcome) {
        return streq(outcome, OUTCOME_SUCCEEDED)     ? DEPLOY_SUCCEEDED
               : streq(outcome, OUTCOME_UNCHANGED)   ? DEPLOY_UNCHANGED
               : streq(outcome, OUTCOME_ROLLED_BACK) ? DEPLOY_ROLLED_BACK
                                                     : DEPLOY_FAILED;
}

/* What could not be handed out before may be by now. */
static void dispatch_look_again(Dispatch *dispatch) {
        dispatch->passed = 0;
        dispatch_kick(dispatch);
}

static void on_reply(const DeployerReply *reply, void *userdata) {
        Operation *operation = userdata;
        Dispatch *dispatch = operation->dispatch;

        operation->call = deployer_call_free(operation->call);
        if (dispatch->stopped)
                return;

        if (reply->error_name) {
                operation->failed = true;
                operation->cancelled = streq(reply->error_name, ERROR_CANCELLED);
                operation->verdict = error_name_verdict(reply->error_name);
                operation->reason = reason_of_error(reply);
        } else {
                operation->outcome = outcome_from_string(reply->outcome);
                operation->reason = strdup(reply->detail);
        }
        if (operation->reason)
                reason_tidy(operation->reason);

        operation_settle(operation);
        dispatch->hooks.changed(dispatch->userdata);
        dispatch_look_again(dispatch);
}

/*
 * What the deployer is asked for: the row's reference, with the digest once that is known. Thus a deploy that is called for
 * again deploys what it began with, and needs no registry to tell.
 */
static int dispatch_reference(const Deploy *deploy, char **ret) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        int r;

        r = image_ref_parse(deploy->image, &ref, NULL);
        if (r < 0)
                return r;

        if (!ref->digest && deploy->digest && image_digest_is_valid(deploy->digest)) {
                ref->digest = strdup(deploy->digest);
                if (!ref->digest)
                        return -ENOMEM;
        }

        return image_ref_format(ref, ret);
}

/*
 * A row in state running goes to the deployer, and one that is to be cancelled only to be undone. On failure nobody waits
 * for it: see dispatch_resume().
 */
static int dispatch_call(Dispatch *dispatch, uint64_t id) {
        _cleanup_(operation_freep) Operation *operation = NULL;
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        _cleanup_free_ char *image = NULL, *failed_digest = NULL;
        int r;

        operation = calloc(1, sizeof(*operation));
        if (!operation)
                return -ENOMEM;

        operation->dispatch = dispatch;
        r = store_find_deploy(dispatch->store, id, &operation->deploy);
        if (r > 0)
                r = store_find_project_by_name(dispatch->store, operation->deploy->project, &project);
        if (r > 0)
                r = store_find_stage(dispatch->store, operation->deploy->project, operation->deploy->stage,
                                     &stage);
        if (r <= 0)
                return r < 0 ? r : -ENXIO;

        r = dispatch_reference(operation->deploy, &image);
        /* Which image a tag names is known to the deployer first. What a person asks for is done. */
        if (r >= 0 && streq(operation->deploy->source, SOURCE_WEBHOOK))
                r = store_find_failed_digest(dispatch->store, stage->id, id, &failed_digest);
        if (r < 0)
                return r;

        r = deployer_trigger(dispatch->deployer, operation->deploy, image, project->port,
                             project->healthcheck, stage->max_instances, dispatch->store_uuid, failed_digest,
                             on_reply, operation, &operation->call);
        if (r < 0)
                return r;

        operation_link(TAKE_PTR(operation));
        return 0;
}

static void dispatch_start(Dispatch *dispatch, uint64_t id) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        char text[96];
        int r;

        r = store_find_deploy(dispatch->store, id, &deploy);
        if (r > 0)
                r = store_start_deploy(dispatch->store, id);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot start deploy %" PRIu64 ": %s", id,
                                        store_error(dispatch->store));
                dispatch_arm(dispatch, now_usec(CLOCK_MONOTONIC) + dispatch->limits.store_retry_usec);
        }
        if (r <= 0)
                return;

        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " started", id);
        dispatch_tell(dispatch, deploy, EVENT_DEPLOY_STARTED, NOTICE_NO_SIGNAL, DEPLOY_RUNNING, text);

        r = dispatch_call(dispatch, id);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot call the deployer for deploy %" PRIu64 ": %m",
                                        id);
                dispatch->orphans = true;
                dispatch_arm(dispatch, now_usec(CLOCK_MONOTONIC) + dispatch->limits.store_retry_usec);
        }
}

static void on_instance(const DeployerInstance *instance, bool complete, void *userdata) {
        Dispatch *dispatch = userdata;

        if (instance) {
                dispatch_raise_ids(dispatch, instance);
                return;
        }

        if (!complete)
                (void) log_seldom_errno(
                                LOG_NOTICE, 0,
                                "The deployer does not say what runs: deploys go on with the numbers of the store");
        dispatch->listing = deployer_call_free(dispatch->listing);
        dispatch->listed = true;
        if (dispatch->stopped)
                return;

        dispatch->hooks.changed(dispatch->userdata);
        dispatch_resume(dispatch);
        /* Not known is not none: before the next deploys it is asked again. */
        dispatch->listed = complete;
}

/*
 * Whether deploys may be handed out: not before the engine was asked which numbers are taken. As long as that is not known, this
 * asks when there is something to hand out, and the answer goes on with dispatch_resume().
 */
static bool dispatch_is_listed(Dispatch *dispatch) {
        int r;

        if (dispatch->listed)
                return true;
        if (dispatch->listing)
                return false;

        r = deployer_list(dispatch->deployer, on_instance, dispatch, &dispatch->listing);
        if (r < 0) {
                (void) log_seldom_errno(LOG_WARNING, r, "Cannot ask the deployer what runs: %m");
                return true;
        }

        return false;
}

/* Hands out rows in their order, past those whose time has not come. Returns whether there were some to hand out, or -errno. */
static int dispatch_hand_out(Dispatch *dispatch, uint64_t now) {
        bool some = false;
        uint64_t id = dispatch->passed;
        int r;

        while (dispatch->n_operations < dispatch->limits.max_deploys) {
                r = store_next_ready(dispatch->store, id, &id);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                if (!dispatch_is_listed(dispatch))
                        return some;

                if (backoff_is_over(&dispatch->backoff, id, now)) {
                        dispatch_start(dispatch, id);
                        some = true;
                } else if (!some)
                        dispatch->passed = id;
        }

        return some;
}

/* What waited for other deploys: it may be handed out by now, or is put aside. */
static int dispatch_settle(Dispatch *dispatch) {
        _cleanup_(deploy_list_done) DeployList ended = { 0 };
        int r;

        r = store_settle_awaited(dispatch->store, &ended);
        if (r <= 0)
                return r;

        dispatch->passed = 0;
        for (size_t i = 0; i < ended.n; i++) {
                backoff_forget(&dispatch->backoff, ended.items[i].id);
                dispatch_tell_finished(dispatch, &ended.items[i], DEPLOY_CANCELLED, ended.items[i].reason);
        }

        return ended.n > 0;
}

void dispatch_kick(Dispatch *dispatch) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), next;
        int r, settled;

        assert(dispatch);

        /* What is not committed may never be: the turn kicks again after its commit. */
        if (dispatch->stopped || store_is_open(dispatch->store))
                return;

        r = settled = dispatch_settle(dispatch);
        if (r >= 0)
                r = dispatch_hand_out(dispatch, now);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot read the queue: %s",
                                        store_error(dispatch->store));
                dispatch_arm(dispatch, now + dispatch->limits.store_retry_usec);
                return;
        }

        next = backoff_first(&dispatch->backoff, now);
        if (next < UINT64_MAX)
                dispatch_arm(dispatch, next);
        if (r > 0 || settled > 0)
                dispatch->hooks.changed(dispatch->userdata);
}

void dispatch_expect(Dispatch *dispatch) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), id;

        assert(dispatch);

        if (dispatch->stopped || dispatch->n_operations >= dispatch->limits.max_deploys ||
            deployer_is_awake(dispatch->deployer))
                return;

        id = dispatch->passed;
        while (store_next_ready(dispatch->store, id, &id) > 0)
                if (backoff_is_over(&dispatch->backoff, id, now)) {
                        deployer_wake(dispatch->deployer);
                        return;
                }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Dispatch *dispatch = userdata;
        Operation *operation, *next;

        (void) source;
        (void) usec;

        if (dispatch->stopped)
                return 0;

        for (operation = dispatch->operations; operation; operation = next) {
                next = operation->next;
                if (!operation->call)
                        operation_settle(operation);
        }

        dispatch->hooks.changed(dispatch->userdata);
        if (dispatch->orphans)
                dispatch_resume(dispatch);
        else
                dispatch_look_again(dispatch);
        return 0;
}

int dispatch_new(sd_event *event, Store *store, Deployer *deployer, Outbox *outbox,
                 const DispatchLimits *limits, const DispatchHooks *hooks, void *userdata, Dispatch **ret) {
        _cleanup_(dispatch_freep) Dispatch *dispatch = NULL;
        int r;

        assert(event);
        assert(store);
        assert(deployer);
        assert(outbox);
        assert(limits);
        assert(hooks && hooks->changed && hooks->succeeded);
        assert(ret);

        dispatch = calloc(1, sizeof(*dispatch));
        if (!dispatch)
                return -ENOMEM;

        dispatch->store = store;
        dispatch->deployer = deployer;
        dispatch->outbox = outbox;
        dispatch->limits = *limits;
        dispatch->hooks = *hooks;
        dispatch->userdata = userdata;

        r = store_get_uuid(store, dispatch->store_uuid);
        if (r < 0 && store_fault(store) == 0)
                return r;

        dispatch->stopped = store_fault(store) < 0;
        r = sd_event_add_time(event, &dispatch->timer, CLOCK_MONOTONIC, 0, 100 * USEC_PER_MSEC, on_timer,
                              dispatch);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(dispatch->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(dispatch);
        return 0;
}

Dispatch *dispatch_free(Dispatch *dispatch) {
        if (!dispatch)
                return NULL;

        while (dispatch->operations)
                operation_free(dispatch->operations);
        backoff_done(&dispatch->backoff);
        deployer_call_free(dispatch->listing);
        sd_event_source_unref(dispatch->timer);
        free(dispatch);
        return NULL;
}

static bool dispatch_has(const Dispatch *dispatch, uint64_t deploy) {
        for (const Operation *operation = dispatch->operations; operation; operation = operation->next)
                if (operation->deploy->id == deploy)
                        return true;

        return false;
}

/* Of rows without an operation those whose time has come; the others keep the timer going. */
static int dispatch_call_again(Dispatch *dispatch, uint64_t deploy) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        if (dispatch_has(dispatch, deploy))
                return 0;
        if (backoff_is_over(&dispatch->backoff, deploy, now))
                return dispatch_call(dispatch, deploy);

        dispatch->orphans = true;
        dispatch_arm(dispatch, backoff_first(&dispatch->backoff, now));
        return 0;
}

void dispatch_resume(Dispatch *dispatch) {
        _cleanup_(deploy_list_done) DeployList running = { 0 };
        int r;

        assert(dispatch);

        if (dispatch->stopped)
                return;

        dispatch->orphans = false;
        r = store_list_running(dispatch->store, &running);
        if (r >= 0 && running.n > 0 && !dispatch_is_listed(dispatch))
                return;

        for (size_t i = 0; r >= 0 && i < running.n; i++)
                r = dispatch_call_again(dispatch, running.items[i].id);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot resume the deploys that are running: %m");
                dispatch->orphans = true;
                dispatch_arm(dispatch, now_usec(CLOCK_MONOTONIC) + dispatch->limits.store_retry_usec);
        }

        dispatch_look_again(dispatch);
}

void dispatch_stop(Dispatch *dispatch) {
        assert(dispatch);

        dispatch->stopped = true;
        (void) sd_event_source_set_enabled(dispatch->timer, SD_EVENT_OFF);
}
