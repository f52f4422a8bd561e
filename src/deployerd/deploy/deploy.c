/* SPDX-License-Identifier: MIT */
/* How a stage gets its new image: see deploy.h. Starting and tidying up have files of their own. */
#include "deployerd/deploy/deploy-internal.h"
#include "deployerd/deploy/fetch.h"
#include "deployerd/deploy/project.h"
#include "deployerd/deploy/recreate.h"
#include "deployerd/worker/report.h"
#include "shared/protocol.h"

static void deploy_done(Deploy *deploy) {
        engine_free(deploy->engine);
        image_ref_free(deploy->image);
        project_config_done(&deploy->project);
        json_decref(deploy->body);
        instance_list_done(&deploy->before);
        free(deploy->container);
}

int deploy_list(Deploy *deploy, InstanceList *ret) {
        return instance_list(deploy->engine, deploy->request->project, deploy->request->stage, ret);
}

int deploy_check_cancelled(Deploy *deploy) {
        return worker_is_cancelled(deploy->worker)
                               ? worker_fail(deploy->worker, -EINTR, "The deploy was told to stop")
                               : 0;
}

/* The instance of this very deploy that an earlier attempt switched to, or NULL. */
static const Instance *find_switched(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_owns(deploy, &list->items[i]) && !list->items[i].pending &&
                    list->items[i].deploy == deploy->request->deploy_id)
                        return &list->items[i];

        return NULL;
}

/* The newest instance, if it is what this deploy would make. */
static const Instance *find_unchanged(const Deploy *deploy) {
        const Instance *newest = deploy_find_newest(deploy, &deploy->before);

        return newest && instance_is_well(newest) && streq(newest->digest, deploy->image->digest) &&
                                               streq(newest->config, deploy->hash)
                               ? newest
                               : NULL;
}

/* A port that changes under a project is more often an oversight than a wish. */
static void deploy_choose_port(Deploy *deploy, const EngineImage *image) {
        uint16_t asked = deploy->request->port;

        deploy->port = asked > 0 ? asked : image->port;
        if (asked == 0 && image->n_ports > 1)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The image exposes %u ports of tcp: the lowest, %u, is published", image->n_ports,
                           (unsigned) image->port);
        else if (asked > 0 && image->n_ports == 1 && image->port != asked)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The image exposes the port %u, but the project's port is %u",
                           (unsigned) image->port, (unsigned) asked);
}

static int deploy_fetch(Deploy *deploy) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        const DeployRequest *request = deploy->request;
        int r;

        r = fetch_image(deploy->engine, deploy->image, deploy->keep_tag, &image);
        if (r < 0)
                return r;

        worker_progress(deploy->worker, PHASE_PULLED, deploy->image->digest);
        deploy_choose_port(deploy, &image);
        r = container_body(engine_quirks(deploy->engine), request, &deploy->project, deploy->config,
                           deploy->image->digest, deploy->port, &deploy->body, deploy->hash);
        if (r < 0)
                return r;

        deploy->has_healthcheck = container_body_has_healthcheck(deploy->body, image.has_healthcheck);
        return 0;
}

static void deploy_choose(Deploy *deploy) {
        const char *reason = container_body_recreate_reason(deploy->body, deploy->project.shareable);

        deploy->recreate = reason;
        if (reason)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The old container is stopped before the new one is started, because %s", reason);
}

/* 1 when an earlier attempt of this deploy got as far as the switch, and the rest is done now. */
static int deploy_settle_earlier(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        const Instance *switched;
        int r;

        r = deploy_list(deploy, &list);
        if (r < 0)
                return r;

        /* After a reboot what it replaced can have come back in its place, and then it is no instance. */
        switched = find_switched(deploy, &list);
        if (!switched || !streq(switched->container.status, "running"))
                return deploy_recover(deploy, &list);

        worker_progress(deploy->worker, PHASE_RESOLVED, switched->digest);
        r = deploy_finish(deploy, OUTCOME_SUCCEEDED, switched->deploy, &switched->container);
        return r < 0 ? r : 1;
}

static int deploy_steps(Deploy *deploy) {
        const Instance *unchanged;
        int r;

        r = deploy_settle_earlier(deploy);
        if (r != 0)
                return r < 0 ? r : 0;
        if (deploy->request->undo)
                return worker_fail(deploy->worker, -ECANCELED,
                                   "it was cancelled, and what an attempt of it had left is undone");

        r = worker_report(deploy->worker, json_pack("{s:s}", REPORT_KEY, REPORT_SETTLED));
        if (r < 0)
                return r;

        r = project_load(deploy->engine, deploy->config, deploy->request, &deploy->project);
        if (r >= 0)
                r = deploy_fetch(deploy);
        if (r >= 0)
                r = deploy_list(deploy, &deploy->before);
        if (r < 0)
                return r;

        unchanged = find_unchanged(deploy);
        if (unchanged)
                return deploy_finish(deploy, OUTCOME_UNCHANGED, unchanged->deploy, &unchanged->container);

        deploy_choose(deploy);
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
        retain_tag(request->stage, request->deploy_id, request->store, deploy.keep_tag);
        r = image_ref_parse(request->text, &deploy.image, NULL);
        if (r < 0)
                return r;

        r = engine_open(worker, config->engine, &deploy.engine);
        if (r < 0)
                return r;

        return deploy_steps(&deploy);
}
