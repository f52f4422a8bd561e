/* SPDX-License-Identifier: MIT */
/* Cancel(): what waits ends at once, and of what runs the deployer is asked, for whom the caller waits. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/log.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/cancel.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/tell.h"

/* Answers of Cancel() that wait for the deployer at a time. */
#define CANCELS_MAX 64U

/* A caller of Cancel() whom the deployer keeps waiting. */
typedef struct Cancel {
        WaitingCall waiting; /* the first member */
        Manager *manager;
        uint64_t deploy;
} Cancel;

static void tell_cancelled(Manager *manager, const Deploy *deploy, CancelVerdict verdict, uid_t uid) {
        Notice notice = notice_about(deploy, EVENT_DEPLOY_CANCELLED, NOTICE_DEPLOY_FINISHED);
        char text[96];

        /* Whether it comes to that, the deployer knows. */
        if (verdict == CANCEL_RUNNING) {
                log_notice("Cancelling of deploy %" PRIu64 " was asked for by uid %u", deploy->id,
                           (unsigned) uid);
                return;
        }

        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " cancelled by uid %u", deploy->id,
                        (unsigned) uid);
        notice.text = text;
        notice.state = DEPLOY_CANCELLED;
        notice.caller_uid = uid;
        manager_tell(manager, &notice);
}

/* The deployer refused: what the caller is told depends on what the row says by now. */
static int cancel_refused(Cancel *cancel, const DeployerReply *reply) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Manager *manager = cancel->manager;

        if (store_find_deploy(manager->store, cancel->deploy, &deploy) > 0) {
                if (deploy->state == DEPLOY_CANCELLED)
                        return sd_bus_reply_method_return(cancel->waiting.message, "");
                if (deploy_state_is_final(deploy->state))
                        return sd_bus_reply_method_errorf(cancel->waiting.message, ERROR_ALREADY_FINISHED,
                                                          "Deploy %" PRIu64 " ended as %s", deploy->id,
                                                          deploy_state_to_string(deploy->state));
        }

        /* The new version runs: from here on nothing may say that it was cancelled. */
        if (streq(reply->error_name, ERROR_ALREADY_FINISHED) &&
            store_mark_cancel(manager->store, cancel->deploy, false) < 0)
                (void) log_seldom_errno(LOG_WARNING, 0,
                                        "Cannot take back the cancelling of deploy %" PRIu64 ": %s",
                                        cancel->deploy, store_error(manager->store));

        if (streq(reply->error_name, ERROR_NO_SUCH_DEPLOY))
                return sd_bus_reply_method_errorf(cancel->waiting.message, ERROR_BUSY,
                                                  "The deployer has not begun deploy %" PRIu64
                                                  " yet: ask again in a moment",
                                                  cancel->deploy);

        return sd_bus_reply_method_errorf(cancel->waiting.message, reply->error_name, "%s",
                                          reply->error_text);
}

static void on_cancel_reply(const DeployerReply *reply, void *userdata) {
        Cancel *cancel = userdata;
        int r;

        cancel->manager->hooks.activity(cancel->manager->userdata);
        r = reply->error_name ? cancel_refused(cancel, reply)
                              : sd_bus_reply_method_return(cancel->waiting.message, "");
        if (r < 0)
                (void) log_seldom_errno(LOG_WARNING, r, "Cannot answer Cancel(): %m");

        waiting_call_end(&cancel->waiting);
}

/* The row runs, and is marked: the deployer is asked, and the caller waits for its answer. */
static int cancel_running(Manager *manager, sd_bus_message *message, uint64_t id, sd_bus_error *error) {
        char store_uuid[UUID_TEXT_SIZE];
        Cancel *cancel;
        int r;

        r = store_get_uuid(manager->store, store_uuid);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        cancel = calloc(1, sizeof(*cancel));
        if (!cancel)
                return -ENOMEM;

        cancel->manager = manager;
        cancel->deploy = id;
        waiting_call_begin(&cancel->waiting, &manager->cancels, message);

        r = deployer_cancel(manager->deployer, store_uuid, id, on_cancel_reply, cancel,
                            &cancel->waiting.call);
        if (r < 0)
                waiting_call_end(&cancel->waiting);

        return r < 0 ? r : 1;
}

/* polkit is told whose deploy it is; of one that does not exist nothing. */
static int authorise_cancel(Manager *manager, sd_bus_message *message, uint64_t id, uid_t *ret_uid,
                            sd_bus_error *error) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        PolkitDetails details = { .project = "", .stage = "" };
        int r;

        r = store_find_deploy(manager->store, id, &deploy);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r > 0)
                details = (PolkitDetails){ .project = deploy->project, .stage = deploy->stage };

        return manager_authorise(manager, message, &details, ret_uid, error);
}

int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Manager *manager = userdata;
        CancelVerdict verdict;
        char reason[64];
        uint64_t id;
        uid_t uid = (uid_t) -1;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "t", &id);
        if (r < 0)
                return r;

        r = authorise_cancel(manager, message, id, &uid, error);
        if (r != 0)
                return r;

        if (manager->cancels.n >= CANCELS_MAX)
                return sd_bus_error_set(error, ERROR_BUSY, "Too many callers of Cancel() wait already");

        (void) snprintf(reason, sizeof(reason), "cancelled by uid %u", (unsigned) uid);
        r = store_cancel_deploy(manager->store, id, reason, &verdict, &deploy);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (verdict == CANCEL_UNKNOWN)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_DEPLOY, "There is no deploy %" PRIu64, id);
        if (verdict == CANCEL_FINISHED)
                return sd_bus_error_setf(error, ERROR_ALREADY_FINISHED, "Deploy %" PRIu64 " ended as %s", id,
                                         deploy_state_to_string(deploy->state));

        tell_cancelled(manager, deploy, verdict, uid);
        r = verdict == CANCEL_RUNNING ? cancel_running(manager, message, id, error)
                                      : sd_bus_reply_method_return(message, "");
        manager->hooks.changed(manager->userdata);
        return r;
}
