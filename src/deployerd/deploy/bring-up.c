/* SPDX-License-Identifier: MIT */
/*
 * From the container's creation to its health: see bring-up.h. A stage that has to be recreated is down for a while,
 * and a container that is pending is the sign of it, or the pending tag of its image, which outlasts it: both are made before the
 * old one is stopped. So whoever finds one knows what may have to be put back.
 */
#include "deployerd/deploy/bring-up.h"
#include "deployerd/deploy/health.h"
#include "deployerd/deploy/networks.h"
#include "deployerd/deploy/owners.h"
#include "deployerd/deploy/project.h"
#include "deployerd/deploy/stop.h"
#include "deployerd/engine/networks.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/time-util.h"

static int deploy_name_is_taken(Deploy *deploy) {
        return worker_fail(deploy->worker, -EBADE,
                           "The name %s is in use by a container that is not of this deploy", deploy->name);
}

/*
 * Names outlive stores: a name that is not ours to take is better known before anything is started. One that is in nobody's list the
 * switch tells of; where something has to make way, that would be too late.
 */
static int deploy_check_name(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        for (size_t i = 0; i < deploy->before.n; i++)
                if (streq(deploy->before.items[i].container.name, deploy->name))
                        return deploy_name_is_taken(deploy);
        if (!deploy->recreate)
                return 0;

        r = engine_container_inspect(deploy->engine, deploy->name, &container);
        return r > 0 ? deploy_name_is_taken(deploy) : r;
}

/*
 * What has the name is of a store that is lost, and of a deploy of it that never comes back, or a leftover that could not be removed.
 * It is not in the way, since this name is given up at the switch.
 */
static int deploy_create_pending(Deploy *deploy, const json_t *body) {
        int r;

        r = engine_container_create(deploy->engine, deploy->pending_name, body, deploy->recreate,
                                    &deploy->container);
        if (r != -EEXIST)
                return r;

        worker_log(deploy->worker, LOG_NOTICE,
                   "%s is there already: the new one has another name until it is well",
                   deploy->pending_name);
        instance_spare_name(deploy->request->project, deploy->request->stage, deploy->request->deploy_id,
                            deploy->request->store, deploy->pending_name);
        r = engine_container_create(deploy->engine, deploy->pending_name, body, deploy->recreate,
                                    &deploy->container);
        return r == -EEXIST ? -EBADE : r;
}

/* In all of its networks. Where nobody else has its names meanwhile, it has them from the beginning. */
static int deploy_create(Deploy *deploy) {
        _cleanup_(json_freep) json_t *body = NULL;
        bool nameless = !deploy->recreate;
        int r;

        r = deploy_check_name(deploy);
        if (r >= 0)
                r = networks_create_body(deploy->body, !engine_creates_in_networks(deploy->engine), nameless,
                                         &body);
        if (r < 0)
                return r;

        r = deploy_create_pending(deploy, body);
        if (r >= 0)
                r = networks_join(deploy->engine, deploy->container, deploy->body, nameless);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_CREATED, deploy->container);
        return deploy_check_cancelled(deploy);
}

/*
 * Stops what the new one cannot run beside. What was stopped is known to the undo before it is. Some engines miss a network, or a
 * container that is to share its own, at the start, when the old one would be down for nothing.
 */
static int deploy_make_way(Deploy *deploy) {
        int r;

        r = networks_look_up(deploy->engine, deploy->body);
        if (r >= 0)
                r = owners_look_up(deploy->engine, deploy->body);
        if (r < 0)
                return r;

        for (size_t i = 0; i < deploy->before.n; i++) {
                Instance *instance = &deploy->before.items[i];

                if (!deploy_owns(deploy, instance) || instance->pending || !instance->container.running)
                        continue;

                instance->made_way = true;
                r = deploy_stop(deploy, &instance->container);
                if (r < 0)
                        return r;

                instance->container.running = false;
                instance->container.status = "exited";
                worker_progress(deploy->worker, PHASE_STOPPED, instance->container.name);
        }

        return deploy_check_cancelled(deploy);
}

/* How long a container may take that says itself that it needs the time. A tenth of the deploy is for the way back. */
static uint64_t deploy_patience(const Deploy *deploy) {
        uint64_t whole = deploy->config->deploy_deadline_usec, most = whole - whole / 10,
                 passed = now_usec(CLOCK_MONOTONIC) - deploy->begun_at;

        return passed < most ? most - passed : 0;
}

/* -EREMOTEIO: it did not come up. */
static int deploy_wait(Deploy *deploy, ContainerWatch *watch) {
        Container container;
        HealthSpec health;
        int r;

        health = project_health(&deploy->project, deploy->request, deploy->port, deploy->has_healthcheck);
        health.other_ports = deploy->other_ports;
        health.check = deploy->healthcheck;
        health.patience_usec = deploy_patience(deploy);
        health.was_stable = deploy->up.json;
        r = health_wait(deploy->engine, watch, deploy->container, &health, deploy->config, &deploy->steps,
                        &container);
        if (r < 0)
                return r;

        container_done(&deploy->up);
        deploy->up = container;
        return 0;
}

/* Started and waited for. -EREMOTEIO: it did not come up. */
static int deploy_start(Deploy *deploy) {
        _cleanup_(container_watch_done) ContainerWatch watch = { .events = NULL };
        uint64_t begun_at;
        int r;

        /* Without it the next look only comes later. */
        (void) engine_container_watch(deploy->engine, deploy->container, &watch);
        begun_at = now_usec(CLOCK_MONOTONIC);
        r = engine_container_start(deploy->engine, deploy->container, deploy->recreate);
        deploy_count(deploy, DEPLOY_STEP_START, begun_at);
        if (r >= 0) {
                worker_progress(deploy->worker, PHASE_STARTED, "");
                r = deploy_wait(deploy, &watch);
        }

        deploy->engine_ended = r == -EREMOTEIO && engine_http_watch_is_cut(watch.events);
        return r;
}

/*
 * From here on it is found by its aliases, as the old one still is. It has run for long enough; but where it answers may be
 * another place now, and it has to be well there too.
 */
static int deploy_name(Deploy *deploy) {
        int r;

        r = networks_give_names(deploy->engine, deploy->container, deploy->body);
        return r > 0 ? deploy_wait(deploy, NULL) : r;
}

int deploy_bring_up(Deploy *deploy) {
        uint64_t begun_at = now_usec(CLOCK_MONOTONIC);
        int r;

        r = deploy_create(deploy);
        deploy_count(deploy, DEPLOY_STEP_START, begun_at);
        if (r >= 0 && deploy->recreate)
                r = deploy_make_way(deploy);
        if (r >= 0)
                r = deploy_start(deploy);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_HEALTHY, "");
        r = deploy_check_cancelled(deploy);
        return r < 0 || deploy->recreate ? r : deploy_name(deploy);
}
