/* SPDX-License-Identifier: MIT */
/* The lives of children that do not deploy: see queries.h. */
#include "deployerd/job/queries.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/removal.h"
#include "deployerd/deploy/upstreams.h"
#include "deployerd/engine/images.h"
#include "deployerd/job/body.h"
#include "deployerd/job/strays.h"
#include "deployerd/takeover.h"
#include "deployerd/worker/report.h"
#include "shared/conf/parse.h"
#include "shared/json.h"

static int query_engine(Worker *worker, const char *engine_socket) {
        _cleanup_(engine_freep) Engine *engine = NULL;
        int r;

        r = engine_open(worker, engine_socket, &engine);
        return r < 0 ? r : worker_succeed(worker, json_object());
}

static int query_image(Worker *worker, const char *engine_socket, const ImageRef *image_ref) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        _cleanup_(engine_freep) Engine *engine = NULL;
        int r;

        r = engine_open(worker, engine_socket, &engine);
        if (r < 0)
                return r;

        r = engine_image_inspect(engine, image_ref, &image);
        if (r == 0)
                return worker_fail(worker, -ENOENT, "The image is not on this machine");
        if (r < 0)
                return r;

        return worker_succeed(worker, json_pack("{s:i, s:s, s:O, s:s}", "port", (int) image.port,
                                                "healthcheck", image.has_healthcheck ? "image" : "",
                                                "labels", image.labels, "digest", strempty(image.digest)));
}

/* Numbers of 64 bits travel as text: JSON's are signed here. */
static json_t *instance_report(const Instance *instance) {
        const Container *container = &instance->container;
        char endpoint[ENDPOINT_SIZE], deploy[24];

        instance_endpoint(container, endpoint);
        (void) snprintf(deploy, sizeof(deploy), "%" PRIu64, instance->deploy);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", REPORT_KEY,
                         REPORT_INSTANCE, "project", instance->project, "stage", instance->stage, "deploy",
                         deploy, "store", instance->store, "container", container->id, "name",
                         container->name, "digest", instance->digest, "state", container->status, "health",
                         container->health, "endpoint", endpoint, "started",
                         (json_int_t) container->started_at);
}

static int report_instance(Worker *worker, const Instance *instance) {
        return worker_report(worker, instance_report(instance));
}

static bool is_project_port(const Instance *instance, const Published *published) {
        return published->port > 0 && published->port == instance_port(&instance->container) &&
               streq(published->protocol, "tcp");
}

static json_t *endpoint_report(const Instance *instance, const Published *published) {
        char deploy[24];

        (void) snprintf(deploy, sizeof(deploy), "%" PRIu64, instance->deploy);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:b}", REPORT_KEY, REPORT_ENDPOINT,
                         "project", instance->project, "stage", instance->stage, "deploy", deploy,
                         "container", instance->container.id, "name", instance->container.name, "port",
                         (int) published->port, "protocol", published->protocol, "endpoint",
                         published->endpoint, "project_port", is_project_port(instance, published));
}

/* The project's port, and then the others. */
static int report_endpoints(Worker *worker, const Instance *instance) {
        _cleanup_free_ Published *list = NULL;
        size_t n;
        int r;

        r = container_published(&instance->container, &list, &n);
        for (unsigned others = 0; others < 2; others++)
                for (size_t i = 0; r >= 0 && i < n; i++)
                        if (is_project_port(instance, &list[i]) != (others > 0))
                                r = worker_report(worker, endpoint_report(instance, &list[i]));
        return r;
}

/* Lists everything there is and tells proxies of it; that they cannot be told is no reason not to answer. */
static int list_all(Worker *worker, Engine *engine, InstanceList *ret) {
        _cleanup_free_ char *dir = NULL;
        _cleanup_close_ int folder = -1;
        int r, written;

        written = upstreams_dir(&dir);
        if (written >= 0)
                written = upstreams_lock(dir, &folder);

        r = instance_list(engine, NULL, NULL, ret);
        if (r < 0)
                return r;

        if (written >= 0)
                written = upstreams_write_all(folder, ret);
        if (written < 0)
                worker_log(worker, LOG_WARNING, "Cannot write the upstream files: %s", strerror(-written));

        return 0;
}

static int query_instances(Worker *worker, const char *engine_socket, const QueryRequest *query) {
        bool all = query->kind == QUERY_INSTANCES && isempty(query->project) && isempty(query->stage);
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        _cleanup_(engine_freep) Engine *engine = NULL;
        int r;

        r = engine_open(worker, engine_socket, &engine);
        if (r < 0)
                return r;

        r = all ? list_all(worker, engine, &list)
                : instance_list(engine, query->project, query->stage, &list);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list.n; i++) {
                if (query->kind != QUERY_ENDPOINTS)
                        r = report_instance(worker, &list.items[i]);
                else if (!list.items[i].pending)
                        r = report_endpoints(worker, &list.items[i]);
                if (r < 0)
                        return r;
        }

        return worker_succeed(worker, json_object());
}

static int query_take_over(Worker *worker, const char *engine_socket, const QueryRequest *query) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        _cleanup_(engine_freep) Engine *engine = NULL;
        int n = 0, r;

        r = engine_open(worker, engine_socket, &engine);
        if (r >= 0)
                r = instance_list(engine, query->project, query->stage, &list);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list.n; i++)
                n += !streq(list.items[i].store, query->store);
        if (n == 0)
                return worker_fail(worker, -ECHILD, "No other store has a container of %s/%s on this engine",
                                   query->project, query->stage);

        r = takeover_note(query->project, query->stage, query->store);
        if (r < 0)
                return worker_fail(worker, -EIO, "Cannot note that %s/%s is to be taken over: %s",
                                   query->project, query->stage, strerror(-r));

        return worker_succeed(worker, json_pack("{s:i}", "containers", n));
}

int query_run(Worker *worker, const DeployerConfig *config, const QueryRequest *query) {
        assert(worker);
        assert(config);
        assert(query);

        switch (query->kind) {
        case QUERY_ENGINE:
                return query_engine(worker, config->engine);
        case QUERY_IMAGE:
                return query_image(worker, config->engine, query->image);
        case QUERY_INSTANCES:
        case QUERY_ENDPOINTS:
                return query_instances(worker, config->engine, query);
        case QUERY_STRAYS:
                return query_strays(worker, config->engine, query->project, query->stage);
        case QUERY_BODY:
                return query_body(worker, config, query->request);
        case QUERY_REMOVE:
                return removal_run(worker, config, query->project, query->stage);
        case QUERY_TAKE_OVER:
                return query_take_over(worker, config->engine, query);
        }

        return -EINVAL;
}

int instance_report_read(const json_t *report, InstanceReport *ret) {
        InstanceReport instance = { .deploy = 0 };
        const char *deploy = NULL;
        json_int_t started = 0;

        assert(report);
        assert(ret);

        if (json_unpack((json_t *) (uintptr_t) report,
                        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "project",
                        &instance.project, "stage", &instance.stage, "deploy", &deploy, "store",
                        &instance.store, "container", &instance.container, "name", &instance.name, "digest",
                        &instance.digest, "state", &instance.state, "health", &instance.health, "endpoint",
                        &instance.endpoint, "started", &started) < 0 ||
            started < 0 || parse_uint(deploy, UINT64_MAX, &instance.deploy) < 0)
                return -EBADMSG;

        instance.started_at = (uint64_t) started;
        *ret = instance;
        return 0;
}

int endpoint_report_read(const json_t *report, EndpointReport *ret) {
        EndpointReport endpoint = { .deploy = 0 };
        const char *deploy = NULL;
        int port = 0, is_project_port = 0;

        assert(report);
        assert(ret);

        if (json_unpack((json_t *) (uintptr_t) report, "{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:b}",
                        "project", &endpoint.project, "stage", &endpoint.stage, "deploy", &deploy,
                        "container", &endpoint.container, "name", &endpoint.name, "port", &port, "protocol",
                        &endpoint.protocol, "endpoint", &endpoint.endpoint, "project_port",
                        &is_project_port) < 0 ||
            port < 0 || port > UINT16_MAX || parse_uint(deploy, UINT64_MAX, &endpoint.deploy) < 0)
                return -EBADMSG;

        endpoint.port = (uint16_t) port;
        endpoint.is_project_port = is_project_port;
        *ret = endpoint;
        return 0;
}
