/* SPDX-License-Identifier: MIT */
/*
 * How a stage gets its new image: see deploy.h. Here stands the way and what is decided on it; each step is a file of its
 * own, in the order of context.h.
 */
#include "deployerd/deploy/deploy.h"

#include <stdio.h>

#include "deployerd/deploy/attachment.h"
#include "deployerd/deploy/bring-up.h"
#include "deployerd/deploy/commands.h"
#include "deployerd/deploy/context.h"
#include "deployerd/deploy/finish.h"
#include "deployerd/deploy/networks.h"
#include "deployerd/deploy/prepare.h"
#include "deployerd/deploy/project.h"
#include "deployerd/deploy/recover.h"
#include "deployerd/deploy/recreate.h"
#include "deployerd/deploy/switch.h"
#include "deployerd/deploy/undo.h"
#include "deployerd/takeover.h"
#include "deployerd/worker/report.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"
#include "shared/time-util.h"

/* The instance of this very deploy that an earlier attempt switched to, or NULL. */
static const Instance *find_switched(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_made(deploy, &list->items[i]) && !list->items[i].pending &&
                    list->items[i].deploy == deploy->request->deploy_id)
                        return &list->items[i];

        return NULL;
}

/* 1 and the newest instance, if it is what this deploy would make, and where it would be; 0; errors of engine.h. */
static int find_unchanged(const Deploy *deploy, const Instance **ret) {
        const Instance *newest = deploy_find_newest(deploy, &deploy->before);
        int r;

        if (!newest || !deploy_made(deploy, newest) ||
            !instance_is_well(newest, deploy_image_check_counts(deploy)) ||
            !streq(newest->digest, deploy->image->digest) || !streq(newest->config, deploy->hash))
                return 0;

        if (deploy->request->force) {
                worker_log(deploy->worker, LOG_NOTICE, "%s runs the same: it is replaced, as asked for",
                           newest->container.name);
                return 0;
        }

        r = attachment_holds(deploy->engine, deploy->body, &newest->container);
        if (r < 0)
                return r;
        if (r == 0)
                worker_log(deploy->worker, LOG_NOTICE,
                           "%s runs the same, but not on the networks that it should be on: it is replaced",
                           newest->container.name);

        *ret = newest;
        return r;
}

/* What another store has there does not make way: two that write to the same files would spoil them, or root wants one alone. */
static int deploy_check_others(Deploy *deploy) {
        bool alone = deploy->project.replace == PROJECT_REPLACE_RECREATE;

        for (size_t i = 0; i < deploy->before.n; i++) {
                const Instance *other = &deploy->before.items[i];
                const json_t *mounts = json_object_get(other->container.json, "Mounts");
                const char *reason;

                if (deploy_owns(deploy, other) || !other->container.running)
                        continue;

                reason = alone    ? "root's file has \"replace\": \"recreate\""
                         : mounts ? container_body_meets(deploy->body, deploy->project.shareable, mounts)
                                  : NULL;
                if (reason)
                        return worker_fail(
                                        deploy->worker, -EBADE,
                                        "%s is of another store and runs, and %s cannot run beside it, because %s; to have "
                                        "it replaced: tinyforgectl stage take-over %s %s",
                                        other->container.name, deploy->name, reason,
                                        deploy->request->project, deploy->request->stage);
        }

        return 0;
}

/* What root wants, and what the body needs, which an image can have added to. */
static int deploy_choose(Deploy *deploy) {
        const char *reason, *name;
        int r;

        r = project_replace(deploy->worker, &deploy->project, deploy->request, deploy->body, &reason);
        if (r < 0)
                return r;

        deploy->recreate = r > 0;
        r = deploy_check_others(deploy);
        if (r < 0)
                return r;

        if (deploy->recreate)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The old container is stopped before the new one is started, because %s", reason);
        else if (deploy->routed && !deploy->has_healthcheck)
                worker_log(deploy->worker, LOG_NOTICE,
                           "A proxy that goes by the container's labels sends requests to the new one before it "
                           "is known to be well: without a HEALTHCHECK the proxy has nothing to wait for");

        name = networks_early_name(deploy->engine, deploy->body);
        if (name && !deploy->recreate)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The new container is found by its Hostname %.64s before it is known to be well: one "
                           "of its Aliases is not",
                           name);
        return 0;
}

/* 1 when an earlier attempt of this deploy got as far as the switch, and the rest is done now. */
static int deploy_settle_earlier(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        const Instance *switched;
        int r;

        r = deploy_list_rows(deploy);
        if (r < 0 ||
            instance_rows_are_settled(&deploy->rows, deploy->request->stage, deploy->request->deploy_id))
                return r;

        r = deploy_list(deploy, &list);
        if (r < 0)
                return r;

        /* After a reboot what it replaced can have come back in its place, and then it is no instance. */
        switched = find_switched(deploy, &list);
        if (switched && !streq(switched->container.status, "running"))
                switched = NULL;
        r = commands_settle(deploy, switched);
        /* What is put right makes another list of it. */
        container_list_done(&deploy->rows);
        if (r < 0 || !switched)
                return r < 0 ? r : deploy_recover(deploy, &list);

        deploy->settles = true;
        worker_progress(deploy->worker, PHASE_RESOLVED, switched->digest);
        r = deploy_finish(deploy, OUTCOME_SUCCEEDED, switched->deploy, &switched->container, &list);
        return r < 0 ? r : 1;
}

static void deploy_remember_engine(Deploy *deploy) {
        int r;

        r = engine_remember(deploy->engine);
        if (r < 0)
                worker_log(deploy->worker, LOG_WARNING, "Cannot note in which engine the deploys are: %s",
                           strerror(-r));
}

/* A job is run, whatever ran before: a deploy of it is never unchanged. */
static int deploy_run_job(Deploy *deploy) {
        char told[COMMAND_TOLD_SIZE];
        int r;

        deploy_remember_engine(deploy);
        r = commands_run_job(deploy, told);
        return r < 0 ? r : deploy_finish_job(deploy, deploy->commands[COMMAND_JOB], told);
}

/* From the old container to the new one, or back. */
static int deploy_replace(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        deploy_remember_engine(deploy);
        r = commands_before(deploy);
        if (r < 0)
                return r;

        r = deploy_bring_up(deploy);
        if (r == -EREMOTEIO)
                return deploy_roll_back(deploy);
        if (r >= 0)
                r = deploy_switch(deploy, &container);
        if (r < 0)
                return deploy_undo(deploy, r);

        return deploy_finish_switched(deploy, &container);
}

static int deploy_go(Deploy *deploy) {
        const Instance *unchanged = NULL;
        bool known;
        int r;

        /* Its limits count for what a dead attempt has left as well, and its mistakes do not keep that from being put right. */
        r = deploy_read_project(deploy);
        if (r == -ENOMEM)
                return r;

        known = r >= 0;
        r = deploy_settle_earlier(deploy);
        if (r != 0)
                return r < 0 ? r : 0;

        deploy->settled = true;
        if (deploy->request->undo) {
                deploy->tagged = true;
                return worker_fail(deploy->worker, -ECANCELED,
                                   "it was cancelled, and what an attempt of it had left is undone");
        }

        r = worker_report(deploy->worker, json_pack("{s:s}", REPORT_KEY, REPORT_SETTLED));
        if (r < 0)
                return r;

        r = known ? 0 : deploy_read_project(deploy);
        if (r >= 0)
                r = deploy_prepare(deploy);
        if (r < 0)
                return r;

        if (deploy->project.kind == PROJECT_JOB)
                return deploy_run_job(deploy);

        r = find_unchanged(deploy, &unchanged);
        if (r < 0)
                return r;
        if (r > 0) {
                deploy->settles = true;
                return deploy_finish(deploy, OUTCOME_UNCHANGED, unchanged->deploy, &unchanged->container,
                                     &deploy->before);
        }

        r = deploy_choose(deploy);
        return r < 0 ? r : deploy_replace(deploy);
}

/*
 * Where there is no other attempt, no command goes on; else that one is to find what has ended well, or runs. Negative: what was
 * called off is not undone.
 */
static int deploy_end_commands(Deploy *deploy, int error) {
        char reason[REASON_MAX];
        int r;

        if (error == -EINTR ? !worker_is_called_off(deploy->worker)
                            : error_name_verdict(error_name_from_errno(error)) != ERROR_FINAL)
                return 0;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        engine_set_finishing(deploy->engine);
        r = commands_remove(deploy,
                            error == -EINTR || error == -ECANCELED ? COMMANDS_OTHERS : COMMANDS_DONE);
        if (r >= 0 || error != -EINTR)
                (void) worker_fail(deploy->worker, error, "%s", reason);

        return r < 0 && error == -EINTR ? -EIO : 0;
}

/*
 * Where the engine or the registry is in passing trouble, there is another attempt, which is to find the image. So is there where what ran
 * before may yet come back, whatever the new one lacks. `error` keeps its sentence.
 */
static int deploy_fail(Deploy *deploy, int error) {
        char reason[REASON_MAX];
        int r;

        r = deploy_end_commands(deploy, error);
        if (r < 0)
                return r;
        if (error == -EIO || error == -ECONNREFUSED || error == -ENOMEM)
                return error;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        deploy_forget_images(deploy);
        return deploy->owes && error != -ENOSPC
                               ? worker_fail(deploy->worker, -EIO, "%s; what ran before does not run either",
                                             reason)
                               : worker_fail(deploy->worker, error, "%s", reason);
}

int deploy_run(Worker *worker, const DeployRequest *request, const DeployerConfig *config) {
        _cleanup_(deploy_done) Deploy deploy = { .worker = worker, .request = request, .config = config };
        RetainOwner owner;
        int r;

        deploy.begun_at = now_usec(CLOCK_MONOTONIC);
        assert(worker);
        assert(request);
        assert(config);

        owner = (RetainOwner){ request->project, request->stage, request->store };
        instance_name(request->project, request->stage, request->deploy_id, false, deploy.name);
        instance_name(request->project, request->stage, request->deploy_id, true, deploy.pending_name);
        retain_tag(&owner, request->deploy_id, /* pending= */ true, deploy.pending_tag);
        retain_tag(&owner, request->deploy_id, /* pending= */ false, deploy.keep_tag);
        r = image_ref_parse(request->text, &deploy.image, NULL);
        if (r < 0)
                return r;

        r = engine_open(worker, config->engine, &deploy.engine);
        if (r < 0)
                return r;

        deploy.take_over = takeover_is_noted(request->project, request->stage, request->store);
        engine_set_registries(deploy.engine, config->registries);
        r = deploy_go(&deploy);
        if (r >= 0)
                return r;

        r = deploy_fail(&deploy, r);
        deploy_tell_steps(&deploy);
        return r;
}
