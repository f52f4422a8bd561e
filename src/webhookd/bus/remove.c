/* SPDX-License-Identifier: MIT */
/*
 * The methods that remove: RemoveProject and RemoveStage. Nothing is forgotten that still runs, so the deployer is asked
 * first, and the caller waits for what it says. Stopping is not webhookd's: it has no right to, the administrator has.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/log.h"
#include "shared/name.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/lookup.h"
#include "webhookd/bus/remove.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/tell.h"

/* Callers that wait for the deployer at a time. */
#define REMOVALS_MAX 16U

/* A caller of one of the two, whom the deployer keeps waiting. */
typedef struct Removal {
        WaitingCall waiting; /* the first member */
        Manager *manager;
        char project[NAME_MAX_LENGTH + 1];
        char stage[NAME_MAX_LENGTH + 1]; /* empty: the project as a whole */
        uid_t uid;
} Removal;

/* That there is such a thing, and that no deploy of it is on its way. */
static int check_removable(Manager *manager, const char *project, const char *stage, Project **ret_project,
                           Stage **ret_stage, sd_bus_error *error) {
        _cleanup_(deploy_freep) Deploy *unfinished = NULL;
        int r;

        r = isempty(stage) ? manager_find_project(manager, project, ret_project, error)
                           : manager_find_stage(manager, project, stage, ret_project, ret_stage, error);
        if (r < 0)
                return r;

        r = store_find_unfinished(manager->store, project, stage, &unfinished);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r > 0)
                return sd_bus_error_setf(error, ERROR_BUSY,
                                         "Deploy %" PRIu64 " of %s/%s is %s: cancel it, or wait for its end",
                                         unfinished->id, unfinished->project, unfinished->stage,
                                         deploy_state_to_string(unfinished->state));

        return 0;
}

static int remove_from_store(const Removal *removal, const Project *project, const Stage *stage,
                             sd_bus_error *error) {
        Manager *manager = removal->manager;
        char text[160];
        int r;

        r = stage ? store_remove_stage(manager->store, stage->id)
                  : store_remove_project(manager->store, project->id);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        (void) snprintf(text, sizeof(text), "%s %s%s%s removed", stage ? "Stage" : "Project", project->name,
                        stage ? "/" : "", stage ? stage->name : "");
        manager_tell_change(manager, stage ? EVENT_STAGE_REMOVED : EVENT_PROJECT_REMOVED,
                            stage ? NOTICE_STAGE_CHANGED : NOTICE_PROJECT_REMOVED, project,
                            stage ? stage->name : NULL, removal->uid, text);
        return 0;
}

/* The deployer has answered. Meanwhile something may have been pushed, or removed by somebody else. */
static int removal_decide(const Removal *removal, const DeployerReply *reply, unsigned n,
                          sd_bus_error *error) {
        const char *slash = removal->stage[0] ? "/" : "";
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        int r;

        if (reply->error_name)
                return sd_bus_error_setf(error, reply->error_name, "Whether anything runs is not known: %s",
                                         reply->error_text);
        if (n > 0)
                return sd_bus_error_setf(error, ERROR_INSTANCES_RUNNING,
                                         "%u instance%s of %s%s%s would go on without it: stop %s first", n,
                                         n > 1 ? "s" : "", removal->project, slash, removal->stage,
                                         n > 1 ? "them" : "it");

        r = check_removable(removal->manager, removal->project, removal->stage, &project, &stage, error);
        return r < 0 ? r : remove_from_store(removal, project, stage, error);
}

static void on_count(const DeployerReply *reply, unsigned n, void *userdata) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Removal *removal = userdata;
        Manager *manager = removal->manager;
        int r;

        manager->hooks.activity(manager->userdata);
        r = removal_decide(removal, reply, n, &error);
        if (r >= 0)
                r = sd_bus_reply_method_return(removal->waiting.message, "");
        else
                r = sd_bus_reply_method_errno(removal->waiting.message, r, &error);
        if (r < 0)
                (void) log_seldom_errno(LOG_WARNING, r, "Cannot answer %s(): %m",
                                        sd_bus_message_get_member(removal->waiting.message));

        waiting_call_end(&removal->waiting);
        manager->hooks.changed(manager->userdata);
}

static int removal_begin(Manager *manager, sd_bus_message *message, const char *project, const char *stage,
                         uid_t uid) {
        Removal *removal;
        int r;

        removal = calloc(1, sizeof(*removal));
        if (!removal)
                return -ENOMEM;

        removal->manager = manager;
        removal->uid = uid;
        (void) snprintf(removal->project, sizeof(removal->project), "%s", project);
        (void) snprintf(removal->stage, sizeof(removal->stage), "%s", stage);
        waiting_call_begin(&removal->waiting, &manager->removals, message);

        r = deployer_count(manager->deployer, project, stage, on_count, removal, &removal->waiting.call);
        if (r < 0)
                waiting_call_end(&removal->waiting);

        return r < 0 ? r : 1;
}

static int begin_remove(Manager *manager, sd_bus_message *message, CallScope scope, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        PolkitDetails about;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, scope, &about, &uid, error);
        if (r != 0)
                return r;

        r = check_removable(manager, about.project, about.stage, &project, &stage, error);
        if (r < 0)
                return r;

        if (manager->removals.n >= REMOVALS_MAX)
                return sd_bus_error_setf(error, ERROR_BUSY, "Too many callers of %s() wait already",
                                         sd_bus_message_get_member(message));

        return removal_begin(manager, message, about.project, about.stage, uid);
}

int method_remove_project(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return begin_remove(userdata, message, CALL_PROJECT, error);
}

int method_remove_stage(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return begin_remove(userdata, message, CALL_STAGE, error);
}
