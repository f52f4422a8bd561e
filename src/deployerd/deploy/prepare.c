/* SPDX-License-Identifier: MIT */
/* What a deploy has to know and to have before it touches any container: see prepare.h. */
#include <stdio.h>

#include "deployerd/deploy/fetch.h"
#include "deployerd/deploy/prepare.h"
#include "deployerd/deploy/project.h"
#include "deployerd/deploy/recall.h"
#include "deployerd/deploy/volumes.h"
#include "deployerd/worker/report.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/proxy-labels.h"
#include "shared/time-util.h"

/* Those that fit. True when `port` is exposed. */
static bool deploy_note_ports(Deploy *deploy, const EngineImage *image, uint16_t port) {
        bool is_exposed = false;
        size_t n = 0;

        for (unsigned i = 0; i < image->n_ports; i++) {
                if (image->ports[i] == port)
                        is_exposed = true;
                else if (n + sizeof(", 65535") <= sizeof(deploy->other_ports))
                        n += (size_t) snprintf(deploy->other_ports + n, sizeof(deploy->other_ports) - n,
                                               "%s%u", n > 0 ? ", " : "", (unsigned) image->ports[i]);
        }

        return is_exposed;
}

/* A port that changes under a project is more often an oversight than a wish. */
static void deploy_choose_port(Deploy *deploy, const EngineImage *image) {
        uint16_t asked = deploy->request->port, port = asked > 0 ? asked : image->port;
        bool is_exposed = deploy_note_ports(deploy, image, port);

        deploy->port = port;
        if (port == 0)
                worker_log(deploy->worker, LOG_INFO, "The image exposes no port of tcp: none is published");
        else if (asked == 0 && image->n_ports > 1)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The image exposes %u ports of tcp: the lowest, %u, is the project's; it also exposes %s",
                           image->n_ports, (unsigned) port, deploy->other_ports);
        else if (!is_exposed && image->n_ports > 0)
                worker_log(deploy->worker, LOG_NOTICE,
                           "The project's port is %u, which the image does not expose; it exposes %s",
                           (unsigned) port, deploy->other_ports);
        else
                worker_log(deploy->worker, LOG_INFO, "The project's port is %u%s", (unsigned) port,
                           asked == 0 ? ", which the image exposes" : "");
}

/* With what is known of the image by now, in the place of a body that was made when less was known. */
static int deploy_make_body(Deploy *deploy, const BodyImage *image, const Container *runs) {
        json_t *body;
        int r;

        r = container_body(engine_quirks(deploy->engine), deploy->request, &deploy->project, deploy->config,
                           image, runs, &body, deploy->hash);
        if (r < 0)
                return r;

        json_decref(deploy->body);
        deploy->body = body;
        return 0;
}

/* What is wrong whatever the image is: told before that is pulled. */
static int deploy_check(Deploy *deploy) {
        const char *reason;
        int r;

        r = deploy_list_rows(deploy);
        if (r >= 0)
                r = project_check_repository(deploy->engine, &deploy->project, &deploy->rows,
                                             deploy->request);
        if (r >= 0)
                r = deploy_make_body(deploy, &(BodyImage){ .digest = "" }, /* runs= */ NULL);
        if (r >= 0 && deploy->project.kind == PROJECT_SERVICE)
                r = project_replace(deploy->worker, &deploy->project, deploy->request, deploy->body,
                                    &reason);
        return r < 0 ? r : 0;
}

static int deploy_fetch(Deploy *deploy) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        _cleanup_(json_freep) json_t *noted = NULL, *lent = NULL;
        const DeployRequest *request = deploy->request;
        uint64_t begun_at = now_usec(CLOCK_MONOTONIC);
        const Instance *runs;
        int r;

        r = fetch_image(deploy->engine, deploy->image, deploy->pending_tag, &deploy->project, request->local,
                        &image);
        deploy_count(deploy, DEPLOY_STEP_PULL, begun_at);
        if (r < 0)
                return r;

        deploy->tagged = true;
        if (request->failed_digest && streq(request->failed_digest, deploy->image->digest))
                return worker_fail(
                                deploy->worker, -EKEYREJECTED,
                                "%s is what %s/%s had, and what failed while it was watched: a person can deploy it",
                                request->failed_digest, request->project, request->stage);

        worker_progress(deploy->worker, PHASE_PULLED, deploy->image->digest);
        deploy_choose_port(deploy, &image);
        volumes_check_wishes(deploy->worker, deploy->project.volumes, image.volumes);
        /* Nobody else makes any meanwhile; what became of them while the image came is seen now. */
        r = instance_list_look(deploy->engine, &deploy->rows, deploy->request->stage, &deploy->before);
        if (r >= 0)
                r = recall_volumes(deploy->engine, request, deploy->take_over, &deploy->before, &noted);
        if (r >= 0)
                r = volumes_lent(deploy->engine, deploy->project.container, &lent);
        if (r < 0)
                return r;

        runs = deploy_find_newest(deploy, &deploy->before);
        r = deploy_make_body(deploy,
                             &(BodyImage){ .digest = deploy->image->digest,
                                           .tag = image.digest ? NULL : deploy->pending_tag,
                                           .port = deploy->port,
                                           .volumes = image.volumes,
                                           .lent_volumes = lent,
                                           .noted_volumes = noted },
                             runs ? &runs->container : NULL);
        if (r < 0)
                return r;

        deploy->routed = proxy_labels_find(image.labels) ||
                         proxy_labels_find(json_object_get(deploy->body, "Labels"));
        deploy->has_healthcheck = container_body_has_healthcheck(deploy->body, image.has_healthcheck);
        deploy->healthcheck = container_body_healthcheck(deploy->body, image.healthcheck);
        return 0;
}

int deploy_read_project(Deploy *deploy) {
        int r;

        assert(deploy);

        r = project_load(deploy->engine, deploy->config, deploy->request, &deploy->project);
        if (r < 0)
                return r;

        engine_set_secrets(deploy->engine, deploy->project.env_files);
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

        r = deploy_check(deploy);
        return r < 0 ? r : deploy_fetch(deploy);
}
