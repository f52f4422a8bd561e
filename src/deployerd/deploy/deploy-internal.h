/* SPDX-License-Identifier: MIT */
/*
 * A deploy under way, in its child process: what deploy.c, bring-up.c and finish.c share. The way is: deploy.c
 * decides what there is to do, bring-up.c brings the new container up or everything back to what it was, finish.c
 * tidies up after the switch.
 */
#pragma once

#include "deployerd/config/project-config.h"
#include "deployerd/deploy/container-body.h"
#include "deployerd/deploy/deploy.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/retain.h"

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
        bool recreate;     /* the old has to be stopped before the new is started */
        bool engine_ended; /* while the new one came up: what became of that says nothing of the image */
        char name[INSTANCE_NAME_SIZE];
        char pending_name[INSTANCE_NAME_SIZE];
        char keep_tag[RETAIN_TAG_SIZE];
        InstanceList before; /* what was there when the new one was created */
        char *container;     /* the id of the new one, as long as it is to be undone */
} Deploy;

static inline bool deploy_owns(const Deploy *deploy, const Instance *instance) {
        return streq(instance->store, deploy->request->store);
}

/* All instances of the stage, of whatever store. */
int deploy_list(Deploy *deploy, InstanceList *ret);
/* The newest instance of the store that was ever switched to, running or not, or NULL. */
const Instance *deploy_find_newest(const Deploy *deploy, const InstanceList *list);
/* -EINTR when the process is to end. */
int deploy_check_cancelled(Deploy *deploy);
/* Tells the proxy's configuration where the stage answers now. What fails is logged. */
void deploy_publish(Deploy *deploy, const InstanceList *list);
/* Ends the child's work with this outcome. */
int deploy_succeed(Deploy *deploy, const char *outcome, const char *detail, const char *container);

/*
 * What a dead attempt left behind: puts back what it had stopped, then removes what it had not switched to, and what it had
 * switched to and does not run. Afterwards the stage is what it was before that attempt.
 */
int deploy_recover(Deploy *deploy, const InstanceList *list);

/*
 * Creates, starts, waits, and switches. Where the new one does not come up, everything is as it was, and the deploy ends as
 * rolled back, or -EREMOTEIO when nothing runs, or -EIO where the engine itself may be the reason. Other errors leave everything as it was, too.
 */
int deploy_replace(Deploy *deploy);

/* After the switch, or where none was needed: retires what `current` replaces, drops old images, ends the deploy. */
int deploy_finish(Deploy *deploy, const char *outcome, uint64_t current, const Container *container);
