/* SPDX-License-Identifier: MIT */
/* What every step of a deploy may ask: see context.h. */
#include "deployerd/deploy/context.h"
#include "shared/healthcheck.h"
#include "shared/protocol.h"
#include "shared/time-util.h"

void deploy_done(Deploy *deploy) {
        engine_free(deploy->engine);
        image_ref_free(deploy->image);
        project_config_done(&deploy->project);
        json_decref(deploy->healthcheck);
        json_decref(deploy->body);
        container_list_done(&deploy->rows);
        container_done(&deploy->up);
        instance_list_done(&deploy->before);
        free(deploy->container);
        for (size_t i = 0; i < ELEMENTSOF(deploy->commands); i++)
                free(deploy->commands[i]);
}

int deploy_list_rows(Deploy *deploy) {
        /* Without a file of root's, what the other stages run says whose the project is. */
        bool whole = !deploy->project.exists && !deploy->request->undo;

        return deploy->rows.json ? 0
                                 : instance_list_rows(deploy->engine, deploy->request->project,
                                                      whole ? NULL : deploy->request->stage, &deploy->rows);
}

int deploy_list(Deploy *deploy, InstanceList *ret) {
        return instance_list(deploy->engine, deploy->request->project, deploy->request->stage, ret);
}

bool deploy_is_left_behind(const Deploy *deploy, const Instance *instance) {
        return deploy_owns(deploy, instance) &&
               (instance->pending ||
                (deploy_made(deploy, instance) && instance->deploy == deploy->request->deploy_id &&
                 !streq(instance->container.status, "running")));
}

const Instance *deploy_find_newest(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_owns(deploy, &list->items[i]) && !deploy_is_left_behind(deploy, &list->items[i]))
                        return &list->items[i];

        return NULL;
}

const char *deploy_healthcheck(const Deploy *deploy) {
        return deploy->project.health.check ? deploy->project.health.check : deploy->request->healthcheck;
}

bool deploy_image_check_counts(const Deploy *deploy) {
        return !healthcheck_overrules_image(deploy_healthcheck(deploy));
}

int deploy_check_cancelled(Deploy *deploy) {
        return worker_is_cancelled(deploy->worker)
                               ? worker_fail(deploy->worker, -EINTR, "The deploy was told to stop")
                               : 0;
}

void deploy_forget_images(Deploy *deploy) {
        if (!deploy->tagged || !deploy->settled || deploy->owes)
                return;

        engine_set_finishing(deploy->engine);
        retain_drop_pending(deploy->engine, deploy->image,
                            &(RetainOwner){ deploy->request->project, deploy->request->stage,
                                            deploy->request->store });
}

void deploy_count(Deploy *deploy, DeployStep step, uint64_t begun_at) {
        deploy_steps_add(&deploy->steps, step, now_usec(CLOCK_MONOTONIC) - begun_at);
}

void deploy_tell_steps(Deploy *deploy) {
        _cleanup_free_ char *text = NULL;

        if (deploy_steps_are_known(&deploy->steps) && deploy_steps_format(&deploy->steps, &text) >= 0)
                worker_progress(deploy->worker, PHASE_TOOK, text);
}

int deploy_succeed(Deploy *deploy, const char *outcome, const char *detail, const char *container) {
        deploy_tell_steps(deploy);
        return worker_succeed(deploy->worker,
                              json_pack("{s:s, s:s, s:s, s:I}", "outcome", outcome, "detail", detail,
                                        "container", container, "watch",
                                        streq(outcome, OUTCOME_SUCCEEDED)
                                                        ? (json_int_t) deploy->project.watch_usec
                                                        : (json_int_t) 0));
}
