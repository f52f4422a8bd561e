/* SPDX-License-Identifier: MIT */
/* The end of a deploy that has its container, and what goes then: see finish.h. */
#include <stdio.h>

#include "deployerd/deploy/commands.h"
#include "deployerd/deploy/finish.h"
#include "deployerd/deploy/publish.h"
#include "deployerd/deploy/stop.h"
#include "deployerd/deploy/volumes.h"
#include "deployerd/repository-note.h"
#include "deployerd/takeover.h"
#include "deployerd/text.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"

/* What became of those that are not to run any more. */
typedef struct Farewell {
        unsigned taken_over;                  /* of another store */
        unsigned stayed;                      /* which could not be stopped or removed */
        char reason[DEPLOY_WORDS_MAX + 160U]; /* why the first of these stays */
} Farewell;

static bool replaces_what_runs(const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].retire && list->items[i].container.running && !list->items[i].pending)
                        return true;

        return false;
}

/* A proxy that reads where the stage answers needs a moment to follow. */
static int deploy_drain(Deploy *deploy, const InstanceList *list) {
        uint64_t begun_at = now_usec(CLOCK_MONOTONIC);
        int r;

        if (deploy->config->drain_usec == 0 || !replaces_what_runs(list))
                return 0;

        r = engine_http_wait(engine_http(deploy->engine), NULL, deploy->config->drain_usec);
        deploy_count(deploy, DEPLOY_STEP_DRAIN, begun_at);
        return r < 0 ? deploy_check_cancelled(deploy) : 0;
}

static int deploy_retire_one(Deploy *deploy, const Instance *instance) {
        int r;

        r = deploy_check_cancelled(deploy);
        if (r >= 0 && instance->container.running && !instance->pending)
                r = deploy_stop(deploy, &instance->container);
        /* What it has written is found again by it alone, where it cannot be noted. */
        if (r >= 0)
                r = instance_note_volumes(deploy->engine, instance);
        if (r >= 0)
                r = instance_remove_noted(deploy->engine, instance);
        if (r < 0)
                return r;

        if (deploy_made(deploy, instance))
                worker_log(deploy->worker, LOG_INFO, "%s is retired", instance->container.name);
        else
                worker_log(deploy->worker, LOG_NOTICE, "%s of the store %s is taken over, and retired",
                           instance->container.name, instance->store);
        return 0;
}

/* Of another store nothing stays, however many instances the stage may have: nobody else would ever retire it. */
static void plan_taken_over(const Deploy *deploy, InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_owns(deploy, &list->items[i]) && !deploy_made(deploy, &list->items[i]))
                        list->items[i].retire = true;
}

/* Its images go with it, and so does the wish, which one that stays still needs. */
static void deploy_settle_take_over(Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (!deploy_made(deploy, &list->items[i]) &&
                    retain_sweep(deploy->engine, deploy->image,
                                 &(RetainOwner){ deploy->request->project, deploy->request->stage,
                                                 list->items[i].store },
                                 0) < 0)
                        worker_log(deploy->worker, LOG_WARNING, "Images of the store %s stay: %s",
                                   list->items[i].store, worker_error(deploy->worker));

        takeover_forget(deploy->request->project, deploy->request->stage);
}

/*
 * What does not run is beside nothing: one that made way for a successor, whose attempt died after the switch, would be
 * there for ever in a stage of several instances, and come back with the host.
 */
static void plan_stopped(const Deploy *deploy, InstanceList *list, uint64_t current) {
        for (size_t i = 0; i < list->n; i++) {
                Instance *instance = &list->items[i];

                if (deploy_owns(deploy, instance) && instance->deploy != current &&
                    !instance->container.running)
                        instance->retire = true;
        }
}

/*
 * Whether one stays that cannot be stopped or removed: what is to run does, whatever the engine says of the old one. What may pass is
 * tried by one more attempt after a switch, and by others while the engine does not even tell of it.
 */
static bool deploy_keeps(const Deploy *deploy, const Instance *instance, int error) {
        _cleanup_(container_done) Container container = { .json = NULL };

        if (error != -EIO || !deploy->settles)
                return error == -EBADE || error == -ENOSPC;

        return engine_container_inspect(deploy->engine, instance->container.id, &container) >= 0;
}

/* One that stays is tried again by the next deploy. */
static int deploy_retire_or_keep(Deploy *deploy, const Instance *instance, Farewell *farewell) {
        int r;

        r = deploy_retire_one(deploy, instance);
        if (r >= 0 && !deploy_made(deploy, instance))
                farewell->taken_over++;
        if (!deploy_keeps(deploy, instance, r))
                return r;

        worker_log(deploy->worker, LOG_WARNING, "%s stays: %s", instance->container.name,
                   worker_error(deploy->worker));
        if (farewell->stayed == 0)
                (void) snprintf(farewell->reason, sizeof(farewell->reason), "%.150s stays: %.*s",
                                instance->container.name,
                                utf8_cut(worker_error(deploy->worker), DEPLOY_WORDS_MAX),
                                worker_error(deploy->worker));
        farewell->stayed++;
        return 0;
}

static void deploy_plan(const Deploy *deploy, InstanceList *list, uint64_t current) {
        /* What cannot run beside its successor cannot run beside another one either. */
        unsigned max_instances = deploy->recreate ? 1 : deploy->request->max_instances;

        instance_list_plan(list, deploy->request->store, current, max_instances);
        plan_stopped(deploy, list, current);
        plan_taken_over(deploy, list);
}

/* Stops and removes what is not to run beside `current`. Stops between two of them when the process is to end. */
static int deploy_retire(Deploy *deploy, InstanceList *list, uint64_t current, Farewell *farewell) {
        int r;

        deploy_plan(deploy, list, current);
        r = deploy_drain(deploy, list);
        /* The newest is the last to say which volumes the stage has. */
        for (size_t i = list->n; r >= 0 && i > 0; i--)
                if (list->items[i - 1].retire)
                        r = deploy_retire_or_keep(deploy, &list->items[i - 1], farewell);

        return r;
}

/*
 * What was taken over was not the newest to say which volumes the stage has, where one of its own runs. An attempt that died may have
 * retired it.
 */
static void deploy_note_own_volumes(Deploy *deploy, const Container *container) {
        if (volumes_remember(deploy->engine, deploy->request->project, deploy->request->stage, container) <
            0)
                worker_log(deploy->worker, LOG_WARNING, "%s: %s", container->name,
                           worker_error(deploy->worker));
}

/* "app-dev-7 runs, published on 127.0.0.1:49153; a container of another store is taken over". */
static void describe(const Container *container, const char *proxy, const Farewell *farewell,
                     const char *after, char *ret, size_t size) {
        char endpoint[ENDPOINT_SIZE], others[64] = "", more[32] = "";

        instance_endpoint(container, endpoint);
        if (farewell->taken_over > 0)
                (void) snprintf(others, sizeof(others), "; %u container%s of another store %s taken over",
                                farewell->taken_over, farewell->taken_over > 1 ? "s" : "",
                                farewell->taken_over > 1 ? "are" : "is");
        if (farewell->stayed > 1)
                (void) snprintf(more, sizeof(more), "; and %u more stay", farewell->stayed - 1);
        (void) snprintf(ret, size, "%s runs, %s%s%s%s%s%s%s%s", container->name,
                        endpoint[0] ? "published on " : "nothing is published", endpoint, proxy, others,
                        farewell->stayed > 0 ? "; " : "", farewell->reason, more, after);
        text_clean(ret);
}

/*
 * What runs has its image kept as a generation; of what ran before, that was done then. Without its tag the image is only at
 * the mercy of a prune: no reason to call the deploy anything else.
 */
static void deploy_keep_image(Deploy *deploy, const char *outcome, const Container *container) {
        const char *digest = container_label(container, LABEL_DIGEST);
        int r = 0;

        if (!streq(outcome, OUTCOME_SUCCEEDED))
                return;

        /* After an attempt that died behind the switch nothing was resolved. */
        if (!deploy->image->digest) {
                deploy->image->digest = strdup(strempty(digest));
                r = deploy->image->digest ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = engine_image_tag(deploy->engine, deploy->image, deploy->keep_tag);
        if (r < 0)
                worker_log(deploy->worker, LOG_WARNING, "The image is not kept: %s",
                           worker_error(deploy->worker));
}

/* The name belongs to that repository from now on, whatever becomes of the container. */
static void deploy_note_repository(const Deploy *deploy) {
        int r;

        r = repository_note_write(deploy->request->project, deploy->request->repository);
        if (r < 0)
                worker_log(deploy->worker, LOG_WARNING, "Cannot note which repository %s has run: %s",
                           deploy->request->project, strerror(-r));
}

int deploy_finish(Deploy *deploy, const char *outcome, uint64_t current, const Container *container,
                  InstanceList *list) {
        Farewell farewell = { .taken_over = 0 };
        char detail[REASON_MAX], after[REASON_MAX / 2];
        int r;

        assert(list);

        deploy_publish(deploy, list);
        deploy_note_repository(deploy);
        r = deploy_retire(deploy, list, current, &farewell);
        if (r < 0)
                return r;

        if (deploy->take_over)
                deploy_note_own_volumes(deploy, container);
        deploy_keep_image(deploy, outcome, container);

        /* An image too many is no reason to call the deploy anything else. */
        if (retain_sweep(deploy->engine, deploy->image,
                         &(RetainOwner){ deploy->request->project, deploy->request->stage,
                                         deploy->request->store },
                         deploy->config->retain + deploy->request->max_instances) < 0)
                worker_log(deploy->worker, LOG_WARNING, "Old images stay: %s", worker_error(deploy->worker));

        r = commands_after(deploy, after, sizeof(after));
        if (r < 0)
                return r;

        /* What stays is left to the next deploy. */
        (void) commands_remove(deploy, COMMANDS_NONE);
        if (deploy->take_over && farewell.stayed == 0)
                deploy_settle_take_over(deploy, list);

        worker_progress(deploy->worker, PHASE_RETIRED, "");
        describe(container, deploy_unpublished(deploy), &farewell, after, detail, sizeof(detail));
        return deploy_succeed(deploy, outcome, detail, container->id);
}

/* Its image is kept as one that ran, so that a rollback finds it. */
static void deploy_keep_job_image(Deploy *deploy) {
        if (engine_image_tag(deploy->engine, deploy->image, deploy->keep_tag) < 0)
                worker_log(deploy->worker, LOG_WARNING, "The image is not kept: %s",
                           worker_error(deploy->worker));
        if (retain_sweep(deploy->engine, deploy->image,
                         &(RetainOwner){ deploy->request->project, deploy->request->stage,
                                         deploy->request->store },
                         deploy->config->retain + 1) < 0)
                worker_log(deploy->worker, LOG_WARNING, "Old images stay: %s", worker_error(deploy->worker));
}

/* Where the stage was none before, what ran there goes. */
static int deploy_retire_services(Deploy *deploy) {
        const InstanceList nothing = { .n = 0 };
        Farewell farewell = { .taken_over = 0 };
        int r = 0;

        if (deploy->before.n == 0)
                return 0;

        deploy_publish(deploy, &nothing);
        for (size_t i = deploy->before.n; r >= 0 && i > 0; i--)
                if (deploy_owns(deploy, &deploy->before.items[i - 1]))
                        r = deploy_retire_or_keep(deploy, &deploy->before.items[i - 1], &farewell);
        if (r >= 0 && deploy->take_over && farewell.stayed == 0)
                deploy_settle_take_over(deploy, &deploy->before);

        return r;
}

int deploy_finish_job(Deploy *deploy, const char *container, const char *told) {
        char detail[REASON_MAX];
        int r;

        assert(deploy);
        assert(container);
        assert(told);

        /* It is too late to call it off. */
        engine_set_finishing(deploy->engine);
        worker_progress(deploy->worker, PHASE_SWITCHED, container);
        deploy_note_repository(deploy);
        r = deploy_retire_services(deploy);
        if (r < 0)
                return r;

        deploy_keep_job_image(deploy);
        worker_progress(deploy->worker, PHASE_RETIRED, "");
        (void) snprintf(detail, sizeof(detail), "%s %s", deploy->name, told);
        text_clean(detail);
        return deploy_succeed(deploy, OUTCOME_SUCCEEDED, detail, container);
}

static bool stays_alone(const InstanceList *list) {
        size_t n = 0;

        for (size_t i = 0; i < list->n; i++)
                n += !list->items[i].retire;

        return n == 1;
}

/* What goes was looked at before the new one was made. What stays beside it may answer elsewhere by now, and is looked at again. */
int deploy_finish_switched(Deploy *deploy, const Container *container) {
        _cleanup_(instance_list_done) InstanceList list = deploy->before;
        uint64_t current = deploy->request->deploy_id;
        Container added = *container;
        int r;

        deploy->before = (InstanceList){ .n = 0 };
        json_incref(added.json);
        r = instance_list_add(&list, &added);
        if (r < 0)
                container_done(&added);
        else
                deploy_plan(deploy, &list, current);

        if (r < 0 || !stays_alone(&list)) {
                instance_list_done(&list);
                r = deploy_list(deploy, &list);
                if (r < 0)
                        return r;
        }

        return deploy_finish(deploy, OUTCOME_SUCCEEDED, current, container, &list);
}
