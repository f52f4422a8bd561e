/* SPDX-License-Identifier: MIT */
/*
 * What an attempt left that died half way: see recover.h. Where its container or the tag of its image is still pending, the old one
 * may have been stopped for it.
 */
#include "deployerd/deploy/recover.h"
#include "deployerd/deploy/publish.h"
#include "deployerd/deploy/retain.h"

#include <stdio.h>

/* Negative: it is not known to be down. */
static int deploy_stop_left_behind(Deploy *deploy, const InstanceList *list) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < list->n; i++)
                if (deploy_is_left_behind(deploy, &list->items[i]) && list->items[i].container.running)
                        r = engine_container_stop(deploy->engine, &list->items[i].container,
                                                  deploy->config->stop_grace_usec);

        return r;
}

/* One that has ended is beside nothing, and has a name that no other deploy needs: it goes with what the next one replaces. */
static bool deploy_may_leave(Deploy *deploy, const Instance *instance, int error) {
        char reason[DEPLOY_WORDS_MAX];

        if (deploy->request->undo || !instance->pending || (error != -EBADE && error != -EIO))
                return false;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        if (engine_container_stop(deploy->engine, &instance->container, deploy->config->stop_grace_usec) < 0)
                return false;

        worker_log(deploy->worker, LOG_WARNING, "%s was left behind, and stays: %s",
                   instance->container.name, reason);
        return true;
}

/* That one of them stays does not keep the others. */
static int deploy_remove_left_behind(Deploy *deploy, const InstanceList *list) {
        int ret = 0;

        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];
                int r;

                if (!deploy_is_left_behind(deploy, instance))
                        continue;

                r = instance_remove(deploy->engine, instance);
                if (r < 0)
                        ret = deploy_may_leave(deploy, instance, r) ? ret : r;
                else
                        worker_log(deploy->worker, LOG_NOTICE, "%s was left behind and is removed",
                                   instance->container.name);
        }

        return ret;
}

static int deploy_put_back(Deploy *deploy, const Instance *old) {
        int r;

        r = engine_container_start(deploy->engine, old->container.id, /* once= */ false);
        worker_log(deploy->worker, LOG_NOTICE,
                   "%s was stopped by an attempt that died and is started again%s%s", old->container.name,
                   r < 0 ? ": " : "", r < 0 ? worker_error(deploy->worker) : "");

        if (r == -EIO && !deploy->request->undo)
                deploy->owes = true;

        /* One that cannot run is no reason to keep its successor away, nor is one that cannot at the moment. */
        return r == -EREMOTEIO || deploy->owes ? 0 : r;
}

/* Whether there is anything to recover: 1, 0, or an error. What an attempt has made can be gone already, but for the tag of its image. */
static int deploy_has_died(Deploy *deploy, const InstanceList *list, bool down) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_is_left_behind(deploy, &list->items[i]))
                        return 1;

        return down ? retain_is_pending(deploy->engine, deploy->image,
                                        &(RetainOwner){ deploy->request->project, deploy->request->stage,
                                                        deploy->request->store })
                    : 0;
}

int deploy_recover(Deploy *deploy, const InstanceList *list) {
        const Instance *newest = deploy_find_newest(deploy, list);
        bool down = newest && !newest->container.running;
        int r, removed;

        r = deploy_has_died(deploy, list, down);
        if (r <= 0)
                return r;

        deploy->tagged = true;
        /* What it has made holds what the old one needs (a port, a volume), and may be about to be restarted: it goes first. */
        r = down ? deploy_stop_left_behind(deploy, list) : 0;
        removed = deploy_remove_left_behind(deploy, list);
        if (r < 0 && removed < 0)
                return r;

        r = down ? deploy_put_back(deploy, newest) : 0;
        if (r < 0)
                return r;

        deploy_publish_now(deploy);
        return removed;
}
