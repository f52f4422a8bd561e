/* SPDX-License-Identifier: MIT */
/*
 * What an attempt left that died half way: see recover.h. Where its container is still pending, the old one may have
 * been stopped for it.
 */
#include "deployerd/deploy/recover.h"
#include "deployerd/deploy/publish.h"

/* The dead attempt's container holds what the old one needs (a port, a volume), so it goes down first. */
static int deploy_put_back(Deploy *deploy, const InstanceList *list, const Instance *old) {
        int r;

        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];

                if (!deploy_is_left_behind(deploy, instance) || !instance->container.running)
                        continue;

                r = engine_container_stop(deploy->engine, &instance->container,
                                          deploy->config->stop_grace_usec);
                if (r < 0)
                        return r;
        }

        r = engine_container_start(deploy->engine, old->container.id, /* once= */ false);
        worker_log(deploy->worker, LOG_NOTICE,
                   "%s was stopped by an attempt that died and is started again%s%s", old->container.name,
                   r < 0 ? ": " : "", r < 0 ? worker_error(deploy->worker) : "");

        /* One that cannot run is no reason to keep its successor away. */
        return r == -EREMOTEIO ? 0 : r;
}

int deploy_recover(Deploy *deploy, const InstanceList *list) {
        const Instance *newest = deploy_find_newest(deploy, list);
        bool left_behind = false;
        int r;

        for (size_t i = 0; i < list->n; i++)
                left_behind |= deploy_is_left_behind(deploy, &list->items[i]);
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

                if (!deploy_is_left_behind(deploy, instance))
                        continue;

                r = instance_remove(deploy->engine, instance);
                if (r < 0)
                        return r;

                worker_log(deploy->worker, LOG_NOTICE, "%s was left behind and is removed",
                           instance->container.name);
        }

        return 0;
}
