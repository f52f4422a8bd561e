/* SPDX-License-Identifier: MIT */
/* Containers in another engine: see strays.h. */
#include "deployerd/job/strays.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/deploy/instance.h"
#include "deployerd/engine/place.h"
#include "deployerd/worker/report.h"
#include "shared/conf/parse.h"

static json_t *stray_report(const Engine *engine, const Instance *instance) {
        char deploy[24];

        (void) snprintf(deploy, sizeof(deploy), "%" PRIu64, instance->deploy);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", REPORT_KEY, REPORT_STRAY,
                         "engine", engine_quirks(engine)->name, "socket", engine_socket(engine), "project",
                         instance->project, "stage", instance->stage, "deploy", deploy, "store",
                         instance->store, "container", instance->container.id, "name",
                         instance->container.name, "digest", instance->digest, "state",
                         instance->container.status);
}

/* Two sockets can lead to one engine, as where one of them is a proxy's. */
static bool has_container(const InstanceList *list, const Instance *instance) {
        for (size_t i = 0; i < list->n; i++)
                if (streq(list->items[i].container.id, instance->container.id))
                        return true;

        return false;
}

static int report_strays(Worker *worker, const char *socket, const InstanceList *ours, const char *project,
                         const char *stage) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        _cleanup_(engine_freep) Engine *engine = NULL;
        int r;

        r = engine_open_other(worker, socket, &engine);
        if (r >= 0)
                r = instance_list(engine, project, stage, &list);
        for (size_t i = 0; r >= 0 && i < list.n; i++)
                if (!has_container(ours, &list.items[i]))
                        r = worker_report(worker, stray_report(engine, &list.items[i]));
        return r;
}

static void list_ours(Worker *worker, const char *engine_socket, const char *project, const char *stage,
                      InstanceList *ret) {
        _cleanup_(engine_freep) Engine *engine = NULL;

        if (engine_open(worker, engine_socket, &engine) >= 0)
                (void) instance_list(engine, project, stage, ret);
}

int query_strays(Worker *worker, const char *engine_socket, const char *project, const char *stage) {
        _cleanup_(instance_list_done) InstanceList ours = { .n = 0 };
        const char *socket;
        int r;

        assert(worker);

        /* Strays matter most where the engine that deploys are in is away. */
        list_ours(worker, engine_socket, project, stage, &ours);

        for (unsigned n = 0; (r = place_find_other(worker, engine_socket, n, &socket)) > 0; n++) {
                r = report_strays(worker, socket, &ours, project, stage);
                if (r == -EINTR || r == -ENOMEM)
                        return r;
                if (r < 0)
                        worker_log(worker, LOG_NOTICE, "Cannot see what is at %s: %s", socket,
                                   worker_error(worker));
        }

        return r < 0 ? r : worker_succeed(worker, json_object());
}

int stray_report_read(const json_t *report, StrayReport *ret) {
        StrayReport stray = { .deploy = 0 };
        const char *deploy = NULL;

        assert(report);
        assert(ret);

        if (json_unpack((json_t *) (uintptr_t) report, "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
                        "engine", &stray.engine, "socket", &stray.socket, "project", &stray.project, "stage",
                        &stray.stage, "deploy", &deploy, "store", &stray.store, "container",
                        &stray.container, "name", &stray.name, "digest", &stray.digest, "state",
                        &stray.state) < 0 ||
            parse_uint(deploy, UINT64_MAX, &stray.deploy) < 0)
                return -EBADMSG;

        *ret = stray;
        return 0;
}
