/* SPDX-License-Identifier: MIT */
/*
 * From the container's creation to the switch, and the way back: see deploy-internal.h. A stage that has to be recreated is
 * down for a while, and a container that is pending is the sign of it: it is created before the old one is stopped, and
 * removed only after the old one was started again. So whoever finds one knows what may have to be put back.
 */
#include <stdio.h>

#include "deployerd/deploy/deploy-internal.h"
#include "deployerd/deploy/health.h"
#include "deployerd/text.h"
#include "shared/protocol.h"

/* Also what this very deploy once switched to, where it runs no more. */
static bool is_left_behind(const Deploy *deploy, const Instance *instance) {
        return deploy_owns(deploy, instance) &&
               (instance->pending || (instance->deploy == deploy->request->deploy_id &&
                                      !streq(instance->container.status, "running")));
}

const Instance *deploy_find_newest(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_owns(deploy, &list->items[i]) && !is_left_behind(deploy, &list->items[i]))
                        return &list->items[i];

        return NULL;
}

static const Instance *find_running(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_owns(deploy, &list->items[i]) && !list->items[i].pending &&
                    list->items[i].container.running)
                        return &list->items[i];

        return NULL;
}

/* The dead attempt's container holds what the old one needs (a port, a volume), so it goes down first. */
static int deploy_put_back(Deploy *deploy, const InstanceList *list, const Instance *old) {
        int r;

        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];

                if (!is_left_behind(deploy, instance) || !instance->container.running)
                        continue;

                r = engine_container_stop(deploy->engine, instance->container.id,
                                          deploy->config->stop_grace_usec);
                if (r < 0)
                        return r;
        }

        r = engine_container_start(deploy->engine, old->container.id);
        worker_log(deploy->worker, LOG_NOTICE,
                   "%s was stopped by an attempt that died and is started again%s%s", old->container.name,
                   r < 0 ? ": " : "", r < 0 ? worker_error(deploy->worker) : "");

        /* One that cannot run is no reason to keep its successor away. */
        return r == -EREMOTEIO ? 0 : r;
}

/* What was stopped and started again may answer at another port. */
static void deploy_publish_now(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };

        if (deploy_list(deploy, &list) >= 0)
                deploy_publish(deploy, &list);
}

int deploy_recover(Deploy *deploy, const InstanceList *list) {
        const Instance *newest = deploy_find_newest(deploy, list);
        bool left_behind = false;
        int r;

        for (size_t i = 0; i < list->n; i++)
                left_behind |= is_left_behind(deploy, &list->items[i]);
        if (!left_behind)
                return 0;

        if (newest && !newest->container.running) {
                r = deploy_put_back(deploy, list, newest);
                if (r < 0)
                        return r;
        }
        deploy_publish_now(deploy);

        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];

                if (!is_left_behind(deploy, instance))
                        continue;

                r = engine_container_remove(deploy->engine, instance->container.id);
                if (r < 0)
                        return r;

                worker_log(deploy->worker, LOG_NOTICE, "%s was left behind and is removed",
                           instance->container.name);
        }

        return 0;
}

/* Names outlive stores: a name that is not ours to take is better known before anything is started. */
static int deploy_check_name(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        r = engine_container_inspect(deploy->engine, deploy->name, &container);
        if (r > 0)
                return worker_fail(deploy->worker, -EBADE,
                                   "The name %s is in use by a container that is not of this deploy",
                                   deploy->name);
        return r;
}

/* An answer that was lost can mean a container that was made. */
static void deploy_adopt_lost(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        _cleanup_(container_done) Container owned = { .json = NULL };
        Instance instance;

        if (engine_container_inspect(deploy->engine, deploy->pending_name, &container) <= 0)
                return;
        if (instance_read(&container, &instance) < 0)
                return;

        owned = instance.container;
        if (deploy_owns(deploy, &instance) && instance.deploy == deploy->request->deploy_id)
                deploy->container = strdup(owned.id);
}

static int deploy_create(Deploy *deploy) {
        int r;

        r = deploy_check_name(deploy);
        if (r < 0)
                return r;

        r = engine_container_create(deploy->engine, deploy->pending_name, deploy->body, &deploy->container);
        if (r == -EEXIST)
                return -EBADE;
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_CREATED, deploy->container);
        return deploy_check_cancelled(deploy);
}

/* Stops what the new one cannot run beside. What was stopped is known to the undo before it is. */
static int deploy_make_way(Deploy *deploy) {
        int r;

        for (size_t i = 0; i < deploy->before.n; i++) {
                Instance *instance = &deploy->before.items[i];

                if (!deploy_owns(deploy, instance) || instance->pending || !instance->container.running)
                        continue;

                instance->made_way = true;
                r = engine_container_stop(deploy->engine, instance->container.id,
                                          deploy->config->stop_grace_usec);
                if (r < 0)
                        return r;

                worker_progress(deploy->worker, PHASE_STOPPED, instance->container.name);
        }

        return deploy_check_cancelled(deploy);
}

/* Started and waited for. -EREMOTEIO: it did not come up. */
static int deploy_start(Deploy *deploy) {
        const HealthSpec health = {
                .has_healthcheck = deploy->has_healthcheck,
                .healthcheck = deploy->project.healthcheck ? deploy->project.healthcheck
                                                           : deploy->request->healthcheck,
                .port = deploy->port,
        };
        _cleanup_(engine_http_watch_freep) EngineHttpWatch *watch = NULL;
        int r;

        /* Without it the next look only comes later. */
        (void) engine_container_watch(deploy->engine, deploy->container, &watch);
        r = engine_container_start(deploy->engine, deploy->container);
        if (r >= 0) {
                worker_progress(deploy->worker, PHASE_STARTED, "");
                r = health_wait(deploy->engine, watch, deploy->container, &health, deploy->config);
        }

        deploy->engine_ended = r == -EREMOTEIO && engine_http_watch_is_cut(watch);
        return r;
}

/* -EREMOTEIO: it did not come up. */
static int deploy_bring_up(Deploy *deploy) {
        int r;

        r = deploy_create(deploy);
        if (r >= 0 && deploy->recreate)
                r = deploy_make_way(deploy);
        if (r >= 0)
                r = deploy_start(deploy);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_HEALTHY, "");
        return deploy_check_cancelled(deploy);
}

/* The commit point. An answer that was lost is asked for again. */
static int deploy_switch(Deploy *deploy, Container *ret) {
        int r, s;

        r = engine_container_rename(deploy->engine, deploy->container, deploy->name);
        engine_set_finishing(deploy->engine);
        s = engine_container_inspect(deploy->engine, deploy->container, ret);
        if (s > 0 && streq(ret->name, deploy->name)) {
                worker_progress(deploy->worker, PHASE_SWITCHED, ret->id);
                return 0;
        }

        if (r == -EEXIST)
                return -EBADE;
        if (r < 0)
                return r;

        return s < 0 ? s : worker_fail(deploy->worker, -EIO, "The engine did not rename the new container");
}

/* Starts one again that made way, and waits for its own health check, unless the process has to hurry. */
static int deploy_bring_back(Deploy *deploy, const Instance *old) {
        const HealthSpec health = {
                .has_healthcheck = !streq(old->container.health, "none"),
                .healthcheck = HEALTHCHECK_IMAGE,
        };
        int r;

        r = engine_container_start(deploy->engine, old->container.id);
        if (r >= 0 && !worker_is_cancelled(deploy->worker))
                r = health_wait(deploy->engine, NULL, old->container.id, &health, deploy->config);
        if (r < 0)
                worker_log(deploy->worker, LOG_ERR, "%s made way and did not come back: %s",
                           old->container.name, worker_error(deploy->worker));
        else
                worker_log(deploy->worker, LOG_NOTICE, "%s made way and runs again", old->container.name);
        return r;
}

/* Negative where one of those that made way did not come back; worker_error() says why. */
static int deploy_unmake_way(Deploy *deploy) {
        int ret = 0;

        for (size_t i = 0; i < deploy->before.n; i++) {
                int r = 0;

                if (!deploy->before.items[i].made_way)
                        continue;

                if (deploy->container)
                        r = engine_container_stop(deploy->engine, deploy->container,
                                                  deploy->config->stop_grace_usec);
                if (r >= 0)
                        r = deploy_bring_back(deploy, &deploy->before.items[i]);
                if (r < 0)
                        ret = r;
                else
                        deploy_publish_now(deploy);
        }

        return ret;
}

/*
 * Back to what was before: those that made way run again, the new container goes. `error` keeps its sentence. Returns it, or
 * the error that left work for another attempt, with the pending container as the sign of it.
 */
static int deploy_undo(Deploy *deploy, int error) {
        char reason[REASON_MAX];
        int r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        engine_set_finishing(deploy->engine);
        if (!deploy->container)
                deploy_adopt_lost(deploy);

        r = deploy_unmake_way(deploy);
        if (r < 0)
                (void) snprintf(reason + strlen(reason), sizeof(reason) - strlen(reason),
                                "; what ran before did not come back: %.512s", worker_error(deploy->worker));

        /* A verdict about the old one is final; an engine that fails may yet be able to start it. */
        if (deploy->container && (r >= 0 || r == -EREMOTEIO)) {
                r = engine_container_remove(deploy->engine, deploy->container);
                if (r < 0)
                        worker_log(deploy->worker, LOG_WARNING, "%s stays behind: %s", deploy->pending_name,
                                   worker_error(deploy->worker));
        }

        /* Who was told to stop and could not finish this is not through. */
        if (r == -EINTR)
                r = -EIO;
        return worker_fail(deploy->worker, r < 0 && r != -EREMOTEIO ? r : error, "%s", reason);
}

/*
 * Why the new one did not come up. What an engine did that ended meanwhile (stopped it, started it again, kept it waiting) is
 * no fault of the image, and cannot be told from one: that is left to another attempt, of which there are so many.
 */
static int deploy_explain(Deploy *deploy) {
        char reason[REASON_MAX], found[REASON_MAX - 768];

        health_diagnose(deploy->engine, deploy->container, found, sizeof(found));
        (void) snprintf(reason, sizeof(reason), "%s%s did not come up: %.512s%s",
                        deploy->engine_ended ? "the engine was restarted meanwhile: " : "", deploy->name,
                        worker_error(deploy->worker), found);
        text_clean(reason);
        worker_log(deploy->worker, LOG_WARNING, "%s", reason);
        return worker_fail(deploy->worker, deploy->engine_ended ? -EIO : -EREMOTEIO, "%s", reason);
}

/* The new one did not come up: says why, removes it, and looks for what keeps running. */
static int deploy_roll_back(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        char reason[REASON_MAX];
        const Instance *old;
        int r;

        r = deploy_undo(deploy, deploy_explain(deploy));
        if (r != -EREMOTEIO)
                return r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        retain_drop(deploy->engine, deploy->image, deploy->keep_tag);
        r = deploy_list(deploy, &list);
        if (r < 0)
                return r;

        deploy_publish(deploy, &list);
        old = find_running(deploy, &list);
        if (!old)
                return worker_fail(deploy->worker, -EREMOTEIO, "%s", reason);

        return deploy_succeed(deploy, OUTCOME_ROLLED_BACK, reason, old->container.id);
}

int deploy_replace(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        assert(deploy);

        r = deploy_bring_up(deploy);
        if (r == -EREMOTEIO)
                return deploy_roll_back(deploy);
        if (r >= 0)
                r = deploy_switch(deploy, &container);
        if (r < 0)
                return deploy_undo(deploy, r);

        return deploy_finish(deploy, OUTCOME_SUCCEEDED, deploy->request->deploy_id, &container);
}
