/* SPDX-License-Identifier: MIT */
/* What a deploy has to know and to have before it touches any container: see deploy-internal.h. */
#include "deployerd/deploy/deploy-internal.h"
#include "deployerd/deploy/fetch.h"
#include "deployerd/deploy/project.h"
#include "deployerd/worker/report.h"
#include "shared/protocol.h"

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
        const Instance *runs;
        int r;

        r = fetch_image(deploy->engine, deploy->image, deploy->pending_tag, &deploy->project, &image);
        if (r < 0)
                return r;

        deploy->tagged = true;
        worker_progress(deploy->worker, PHASE_PULLED, deploy->image->digest);
        deploy_choose_port(deploy, &image);
        r = deploy_list(deploy, &deploy->before);
        if (r < 0)
                return r;

        runs = deploy_find_newest(deploy, &deploy->before);
        r = container_body(engine_quirks(deploy->engine), request, &deploy->project, deploy->config,
                           &(BodyImage){ .digest = deploy->image->digest,
                                         .tag = image.digest ? NULL : deploy->pending_tag,
                                         .port = deploy->port,
                                         .volumes = image.volumes },
                           runs ? &runs->container : NULL, &deploy->body, deploy->hash);
        if (r < 0)
                return r;

        deploy->has_healthcheck = container_body_has_healthcheck(deploy->body, image.has_healthcheck);
        return 0;
}

int deploy_read_project(Deploy *deploy) {
        int r;

        assert(deploy);

        r = project_load(deploy->engine, deploy->config, deploy->request, &deploy->project);
        if (r < 0)
                return r;

        deploy->limited = *deploy->config;
        project_limits_apply(&deploy->project.limits, &deploy->limited);
        if (deploy->limited.deploy_deadline_usec > deploy->config->deploy_deadline_usec) {
                r = worker_report(deploy->worker,
                                  json_pack("{s:s, s:I}", REPORT_KEY, REPORT_DEADLINE, "usec",
                                            (json_int_t) deploy->limited.deploy_deadline_usec));
                if (r < 0)
                        return r;
        }

        deploy->config = &deploy->limited;
        return 0;
}

int deploy_prepare(Deploy *deploy) {
        int r;

        assert(deploy);

        /* What is clear without the image is told before it is pulled. */
        r = project_check(deploy->engine, &deploy->project, deploy->request, deploy->config);
        return r < 0 ? r : deploy_fetch(deploy);
}
