/* SPDX-License-Identifier: MIT */
/* How a stage gets its new image: see deploy.h. */
#include "deployerd/deploy.h"

#include <stdio.h>

#include "deployerd/container-body.h"
#include "deployerd/fetch.h"
#include "deployerd/health.h"
#include "deployerd/instance.h"
#include "deployerd/text.h"
#include "shared/protocol.h"

typedef struct Deploy {
        Worker *worker;
        const DeployRequest *request;
        const DeployerConfig *config;
        Engine *engine;
        ImageRef *image; /* with its digest, once that is resolved */
        ProjectConfig project;
        uint16_t port;
        bool has_healthcheck;
        json_t *body;
        char hash[CONFIG_HASH_SIZE];
        char name[INSTANCE_NAME_SIZE];
        char pending_name[INSTANCE_NAME_SIZE];
        char *container; /* the id of the new one, as long as it is to be undone */
} Deploy;

static void deploy_done(Deploy *deploy) {
        engine_free(deploy->engine);
        image_ref_free(deploy->image);
        project_config_done(&deploy->project);
        json_decref(deploy->body);
        free(deploy->container);
}

static int deploy_succeed(Deploy *deploy, const char *outcome, const char *detail, const char *container) {
        return worker_succeed(deploy->worker, json_pack("{s:s, s:s, s:s}", "outcome", outcome, "detail",
                                                        detail, "container", container));
}

static int deploy_list(Deploy *deploy, InstanceList *ret) {
        return instance_list(deploy->engine, deploy->request->project, deploy->request->stage, ret);
}

static bool is_of_store(const Deploy *deploy, const Instance *instance) {
        return streq(instance->store, deploy->request->store);
}

/* The instance of this very deploy that an earlier attempt switched to, or NULL. */
static const Instance *find_switched(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (is_of_store(deploy, &list->items[i]) && !list->items[i].pending &&
                    list->items[i].deploy == deploy->request->deploy_id)
                        return &list->items[i];

        return NULL;
}

/* The newest instance that was ever switched to, running or not, or NULL. */
static const Instance *find_newest(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (is_of_store(deploy, &list->items[i]) && !list->items[i].pending)
                        return &list->items[i];

        return NULL;
}

static const Instance *find_running(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (is_of_store(deploy, &list->items[i]) && !list->items[i].pending &&
                    list->items[i].container.running)
                        return &list->items[i];

        return NULL;
}

static int deploy_check_cancelled(Deploy *deploy) {
        return worker_is_cancelled(deploy->worker)
                               ? worker_fail(deploy->worker, -EINTR, "The deployer is being stopped")
                               : 0;
}

/* Stops and removes what is not to run beside `current`. Stops between two of them when the process is to end. */
static int deploy_retire(Deploy *deploy, InstanceList *list, uint64_t current) {
        instance_list_plan(list, deploy->request->store, current, deploy->request->max_instances);

        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];
                int r;

                if (!instance->retire)
                        continue;

                r = deploy_check_cancelled(deploy);
                if (r >= 0 && instance->container.running && !instance->pending)
                        r = engine_container_stop(deploy->engine, instance->container.id,
                                                  deploy->config->stop_grace_usec);
                if (r >= 0)
                        r = engine_container_remove(deploy->engine, instance->container.id);
                if (r < 0)
                        return r;

                worker_log(deploy->worker, LOG_INFO, "%s is retired", instance->container.name);
        }

        return 0;
}

/* Retires by the state of now, and ends the deploy: `detail` is the sentence about what runs. */
static int deploy_finish(Deploy *deploy, const char *outcome, uint64_t current, const char *container,
                         const char *detail) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        int r;

        r = deploy_list(deploy, &list);
        if (r >= 0)
                r = deploy_retire(deploy, &list, current);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_RETIRED, "");
        return deploy_succeed(deploy, outcome, detail, container);
}

/* "app-dev-7 runs, published on 127.0.0.1:49153". */
static void describe(const Container *container, char *ret, size_t size) {
        char endpoint[ENDPOINT_SIZE];

        container_endpoint(container, endpoint);
        (void) snprintf(ret, size, "%s runs, %s%s", container->name,
                        endpoint[0] ? "published on " : "nothing is published", endpoint);
        text_clean(ret);
}

/* Every attempt but the one that switched starts without leftovers of the dead ones. */
static int deploy_remove_pending(Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];
                int r;

                if (!instance->pending || !is_of_store(deploy, instance))
                        continue;

                r = engine_container_remove(deploy->engine, instance->container.id);
                if (r < 0)
                        return r;

                worker_log(deploy->worker, LOG_NOTICE, "%s was left behind and is removed",
                           instance->container.name);
        }

        return 0;
}

/* What root says of the project: a mistake in it is told before anything is pulled. */
static int deploy_read_project(Deploy *deploy) {
        const DeployRequest *request = deploy->request;
        char problem[PROJECT_PROBLEM_SIZE];
        int r;

        r = project_config_load(deploy->config->projects_dir, request->project, request->stage,
                                request->repository, &deploy->project, problem, sizeof(problem));
        return r < 0 && r != -ENOMEM ? worker_fail(deploy->worker, r, "%s", problem) : r;
}

static int deploy_prepare_image(Deploy *deploy) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        const DeployRequest *request = deploy->request;
        int r;

        r = fetch_image(deploy->engine, deploy->image, &image);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_PULLED, deploy->image->digest);
        deploy->port = request->port > 0 ? request->port : image.port;
        if (request->port == 0 && image.n_ports > 1)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The image exposes %u ports of tcp: the lowest, %u, is published", image.n_ports,
                           (unsigned) image.port);

        r = container_body(engine_quirks(deploy->engine), request, &deploy->project, deploy->config,
                           deploy->image->digest, deploy->port, &deploy->body, deploy->hash);
        if (r < 0)
                return r;

        deploy->has_healthcheck = container_body_has_healthcheck(deploy->body, image.has_healthcheck);
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
        if (is_of_store(deploy, &instance) && instance.deploy == deploy->request->deploy_id)
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
        return 0;
}

/* -EREMOTEIO: it did not come up. */
static int deploy_bring_up(Deploy *deploy) {
        _cleanup_(engine_http_watch_freep) EngineHttpWatch *watch = NULL;
        const HealthSpec spec = { .has_healthcheck = deploy->has_healthcheck, .port = deploy->port };
        int r;

        r = deploy_create(deploy);
        if (r < 0)
                return r;

        /* Without it the next look only comes later. */
        (void) engine_container_watch(deploy->engine, deploy->container, &watch);
        r = engine_container_start(deploy->engine, deploy->container);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_STARTED, "");
        r = health_wait(deploy->engine, watch, deploy->container, &spec, deploy->config);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_HEALTHY,
                        deploy->has_healthcheck ? "by its health check" : "runs without a restart");
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

/* Removes the new container. What went wrong keeps its sentence; a failure here leaves work for the next attempt. */
static void deploy_undo(Deploy *deploy) {
        char reason[REASON_MAX];
        int r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        engine_set_finishing(deploy->engine);
        if (!deploy->container)
                deploy_adopt_lost(deploy);
        if (deploy->container) {
                r = engine_container_remove(deploy->engine, deploy->container);
                if (r < 0)
                        worker_log(deploy->worker, LOG_WARNING, "%s stays behind: %s", deploy->pending_name,
                                   worker_error(deploy->worker));
        }
        (void) worker_fail(deploy->worker, -EIO, "%s", reason);
}

/* The new one did not come up: says why, removes it, and looks for what keeps running. */
static int deploy_roll_back(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        char reason[REASON_MAX], found[REASON_MAX / 2];
        const Instance *old = NULL;
        int r;

        health_diagnose(deploy->engine, deploy->container, found, sizeof(found));
        (void) snprintf(reason, sizeof(reason), "%s did not come up: %.1024s%s", deploy->name,
                        worker_error(deploy->worker), found);
        text_clean(reason);
        worker_log(deploy->worker, LOG_WARNING, "%s", reason);
        deploy_undo(deploy);

        r = deploy_list(deploy, &list);
        if (r >= 0)
                old = find_running(deploy, &list);
        if (!old)
                return worker_fail(deploy->worker, -EREMOTEIO, "%s", reason);

        return deploy_succeed(deploy, OUTCOME_ROLLED_BACK, reason, old->container.id);
}

/* Everything from create to retire. */
static int deploy_replace(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        char detail[512];
        int r;

        r = deploy_bring_up(deploy);
        if (r == -EREMOTEIO)
                return deploy_roll_back(deploy);
        if (r >= 0)
                r = deploy_switch(deploy, &container);
        if (r < 0) {
                deploy_undo(deploy);
                return r;
        }

        describe(&container, detail, sizeof(detail));
        return deploy_finish(deploy, OUTCOME_SUCCEEDED, deploy->request->deploy_id, container.id, detail);
}

/* 1 when there was nothing to do but to clean up, and that is done. */
static int deploy_try_unchanged(Deploy *deploy, const InstanceList *list) {
        const Instance *newest = find_newest(deploy, list);
        char detail[512];
        int r;

        if (!newest || !instance_is_well(newest) || !streq(newest->digest, deploy->image->digest) ||
            !streq(newest->config, deploy->hash))
                return 0;

        describe(&newest->container, detail, sizeof(detail));
        r = deploy_finish(deploy, OUTCOME_UNCHANGED, newest->deploy, newest->container.id, detail);
        return r < 0 ? r : 1;
}

static int deploy_from_list(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        const Instance *switched;
        char detail[512];
        int r;

        r = deploy_list(deploy, &list);
        if (r < 0)
                return r;

        switched = find_switched(deploy, &list);
        if (switched) {
                describe(&switched->container, detail, sizeof(detail));
                return deploy_finish(deploy, OUTCOME_SUCCEEDED, switched->deploy, switched->container.id,
                                     detail);
        }

        r = deploy_read_project(deploy);
        if (r >= 0)
                r = deploy_prepare_image(deploy);
        if (r < 0)
                return r;

        r = deploy_try_unchanged(deploy, &list);
        if (r != 0)
                return r < 0 ? r : 0;

        r = deploy_remove_pending(deploy, &list);
        if (r < 0)
                return r;

        return deploy_replace(deploy);
}

int deploy_run(Worker *worker, const DeployRequest *request, const DeployerConfig *config) {
        _cleanup_(deploy_done) Deploy deploy = { .worker = worker, .request = request, .config = config };
        int r;

        assert(worker);
        assert(request);
        assert(config);

        instance_name(request->project, request->stage, request->deploy_id, false, deploy.name);
        instance_name(request->project, request->stage, request->deploy_id, true, deploy.pending_name);
        r = image_ref_parse(request->text, &deploy.image, NULL);
        if (r < 0)
                return r;

        r = engine_open(worker, config->engine, &deploy.engine);
        if (r < 0)
                return r;

        return deploy_from_list(&deploy);
}
