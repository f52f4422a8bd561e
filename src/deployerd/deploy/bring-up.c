/* SPDX-License-Identifier: MIT */
/*
 * From the container's creation to its health: see deploy-internal.h. A stage that has to be recreated is down for a while,
 * and a container that is pending is the sign of it: it is created before the old one is stopped, and removed only after the
 * old one was started again. So whoever finds one knows what may have to be put back.
 */
#include "deployerd/deploy/deploy-internal.h"
#include "deployerd/deploy/health.h"
#include "deployerd/deploy/project.h"
#include "shared/protocol.h"

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

static int deploy_create(Deploy *deploy) {
        int r;

        r = deploy_check_name(deploy);
        if (r < 0)
                return r;

        r = engine_container_create(deploy->engine, deploy->pending_name, deploy->body, deploy->recreate,
                                    &deploy->container);
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
                r = engine_container_stop(deploy->engine, &instance->container,
                                          deploy->config->stop_grace_usec);
                if (r < 0)
                        return r;

                worker_progress(deploy->worker, PHASE_STOPPED, instance->container.name);
        }

        return deploy_check_cancelled(deploy);
}

/* Started and waited for. -EREMOTEIO: it did not come up. */
static int deploy_start(Deploy *deploy) {
        const HealthSpec health = project_health(&deploy->project, deploy->request, deploy->port,
                                                 deploy->has_healthcheck);
        _cleanup_(engine_http_watch_freep) EngineHttpWatch *watch = NULL;
        int r;

        /* Without it the next look only comes later. */
        (void) engine_container_watch(deploy->engine, deploy->container, &watch);
        r = engine_container_start(deploy->engine, deploy->container, deploy->recreate);
        if (r >= 0) {
                worker_progress(deploy->worker, PHASE_STARTED, "");
                r = health_wait(deploy->engine, watch, deploy->container, &health, deploy->config);
        }

        deploy->engine_ended = r == -EREMOTEIO && engine_http_watch_is_cut(watch);
        return r;
}

int deploy_bring_up(Deploy *deploy) {
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
