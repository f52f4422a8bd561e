/* SPDX-License-Identifier: MIT */
/* The way back of a deploy that does not get to its switch: see undo.h. */
#include <stdio.h>

#include "deployerd/deploy/commands.h"
#include "deployerd/deploy/health.h"
#include "deployerd/deploy/publish.h"
#include "deployerd/deploy/undo.h"
#include "deployerd/deploy/volumes.h"
#include "deployerd/text.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/utf8.h"

static const Instance *find_running(const Deploy *deploy, const InstanceList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (deploy_owns(deploy, &list->items[i]) && !list->items[i].pending &&
                    list->items[i].container.running)
                        return &list->items[i];

        return NULL;
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
        if (deploy_made(deploy, &instance) && instance.deploy == deploy->request->deploy_id)
                deploy->container = strdup(owned.id);
}

/* Starts one again that made way, and waits for its own health check, where that counts, unless the process has to hurry. */
static int deploy_bring_back(Deploy *deploy, const Instance *old) {
        /* It was well before: a check that has not been made again by the deadline says nothing against it. */
        const HealthSpec health = {
                .silence_is_well = true,
                .has_healthcheck = !streq(old->container.health, "none"),
                .healthcheck = deploy_image_check_counts(deploy) ? HEALTHCHECK_IMAGE : HEALTHCHECK_NONE,
        };
        int r;

        r = engine_container_start(deploy->engine, old->container.id, /* once= */ false);
        if (r >= 0 && !worker_is_cancelled(deploy->worker))
                r = health_wait(deploy->engine, NULL, old->container.id, &health, deploy->config,
                                /* steps= */ NULL, /* ret= */ NULL);
        if (r < 0)
                worker_log(deploy->worker, LOG_ERR, "%s made way and did not come back: %s",
                           old->container.name, worker_error(deploy->worker));
        else
                worker_log(deploy->worker, LOG_NOTICE, "%s made way and runs again", old->container.name);
        return r;
}

/* Which volumes end with it only the engine knows. */
static int deploy_remove_new(Deploy *deploy) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        if (json_path(deploy->body, "Labels", LABEL_DISCARD, NULL)) {
                r = engine_container_inspect(deploy->engine, deploy->container, &container);
                if (r <= 0)
                        return r;
        }

        r = engine_container_remove(deploy->engine, deploy->container);
        if (r >= 0 && container.json)
                volumes_discard(deploy->engine, &container);

        return r;
}

/* Asked for as an inspect would show it: by the id and the time that the body gives. */
static int deploy_stop_new(Deploy *deploy) {
        const Container container = {
                .id = deploy->container,
                .stop_sec = json_get_int(deploy->body, "StopTimeout", STOP_UNSAID),
        };

        return engine_container_stop(deploy->engine, &container, deploy->config->stop_grace_usec);
}

/* One that stays is left to the next attempt. */
static int deploy_drop_new(Deploy *deploy) {
        int r;

        r = deploy_remove_new(deploy);
        if (r < 0) {
                worker_log(deploy->worker, LOG_WARNING, "%s stays behind: %s", deploy->pending_name,
                           worker_error(deploy->worker));
                return r;
        }

        free(deploy->container);
        deploy->container = NULL;
        return 0;
}

/* Negative: the new one may still run. What is gone has ended, whatever the engine had said of the stop. */
static int deploy_clear_way(Deploy *deploy) {
        int r;

        r = deploy_stop_new(deploy);
        return deploy_drop_new(deploy) >= 0 ? 0 : r;
}

/*
 * Negative where one of those that made way did not come back; worker_error() says why. They find the new one gone, and not only
 * stopped: an engine may be about to restart it, and Podman's rules for a port go with whoever had it last. Should this process die in
 * between, the tag of the image tells the next attempt that there was one.
 */
static int deploy_unmake_way(Deploy *deploy) {
        int ret = 0;

        for (size_t i = 0; i < deploy->before.n; i++) {
                int r = 0;

                if (!deploy->before.items[i].made_way)
                        continue;

                if (deploy->container)
                        r = deploy_clear_way(deploy);
                if (r >= 0)
                        r = deploy_bring_back(deploy, &deploy->before.items[i]);
                if (r < 0)
                        ret = r;
                else
                        deploy_publish_now(deploy);
        }

        return ret;
}

int deploy_undo(Deploy *deploy, int error) {
        char reason[REASON_MAX];
        int r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        engine_set_finishing(deploy->engine);
        if (!deploy->container)
                deploy_adopt_lost(deploy);

        r = deploy_unmake_way(deploy);
        /* Final, and yet no verdict: the next deploy has to know of the old one. */
        deploy->owes |= r == -ENOSPC;
        if (r < 0)
                (void) snprintf(reason + strlen(reason), sizeof(reason) - strlen(reason),
                                "; what ran before did not come back: %.*s",
                                utf8_cut(worker_error(deploy->worker), DEPLOY_WORDS_MAX),
                                worker_error(deploy->worker));

        /* A verdict about the old one is final; an engine that fails may yet be able to start it. */
        if (deploy->container && (r >= 0 || r == -EREMOTEIO))
                r = deploy_drop_new(deploy);

        /* Who was told to stop and could not finish this is not through. */
        if (r == -EINTR)
                r = -EIO;
        return worker_fail(deploy->worker, r < 0 && r != -EREMOTEIO ? r : error, "%s", reason);
}

/*
 * Why the new one did not come up. What an engine did that ended meanwhile (stopped it, started it again, kept it waiting) is
 * no fault of the image, and cannot be told from one: that is left to another attempt, of which there are so many.
 */
static int deploy_explain(Deploy *deploy) {
        char reason[REASON_MAX], found[REASON_MAX - 768];

        health_diagnose(deploy->engine, deploy->container, deploy_image_check_counts(deploy), found,
                        sizeof(found));
        (void) snprintf(reason, sizeof(reason), "%s%s did not come up: %.*s%s",
                        deploy->engine_ended ? "the engine was restarted meanwhile: " : "", deploy->name,
                        utf8_cut(worker_error(deploy->worker), DEPLOY_WORDS_MAX),
                        worker_error(deploy->worker), found);
        utf8_trim(reason);
        text_clean(reason);
        worker_log(deploy->worker, LOG_WARNING, "%s", reason);
        return worker_fail(deploy->worker, deploy->engine_ended ? -EIO : -EREMOTEIO, "%s", reason);
}

int deploy_roll_back(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        char reason[REASON_MAX];
        const Instance *old;
        int r;

        r = deploy_undo(deploy, deploy_explain(deploy));
        if (r != -EREMOTEIO)
                return r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        deploy_forget_images(deploy);
        r = deploy_list(deploy, &list);
        if (r < 0)
                return r;

        deploy_publish(deploy, &list);
        /* What stays is left to the next deploy. */
        (void) commands_remove(deploy, COMMANDS_DONE);
        old = find_running(deploy, &list);
        if (!old)
                return worker_fail(deploy->worker, -EREMOTEIO, "%s", reason);

        (void) snprintf(reason + strlen(reason), sizeof(reason) - strlen(reason), "%s",
                        deploy_unpublished(deploy));
        return deploy_succeed(deploy, OUTCOME_ROLLED_BACK, reason, old->container.id);
}
