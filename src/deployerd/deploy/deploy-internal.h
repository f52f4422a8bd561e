/* SPDX-License-Identifier: MIT */
/*
 * A deploy under way, in its child process, and its steps. deploy.c is the way through them; each of the others is one file,
 * and none of these knows another: what two of them need is in context.c and publish.c, below all of them.
 *
 *     recover   what an attempt that died has left is put right
 *     prepare   what root says, the image, the body of the container
 *     bring-up  create, make way, start, wait, and give it its names
 *     switch    the commit point
 *     undo      the way back, where it was not reached
 *     finish    what is replaced goes
 */
#pragma once

#include "deployerd/config/project-config.h"
#include "deployerd/deploy/container-body.h"
#include "deployerd/deploy/deploy.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/retain.h"

/* A few ports, for people to read. */
#define OTHER_PORTS_SIZE 64U

typedef struct Deploy {
        Worker *worker;
        const DeployRequest *request;
        const DeployerConfig *config;
        Engine *engine;
        ImageRef *image; /* with its digest, once that is resolved */
        ProjectConfig project;
        DeployerConfig limited; /* what `config` is once the project's limits are known; owns nothing */
        uint16_t port;
        char other_ports[OTHER_PORTS_SIZE]; /* that the image exposes: "8080, 9090" */
        bool has_healthcheck;
        json_t *healthcheck; /* what is known of that; may be NULL */
        uint64_t begun_at;   /* monotonic */
        bool routed;         /* a label of its own or of its image has a proxy find it by itself */
        json_t *body;
        char hash[CONFIG_HASH_SIZE];
        bool take_over;    /* what other stores have in the stage is replaced like what this one has */
        bool recreate;     /* the old has to be stopped before the new is started */
        bool engine_ended; /* while the new one came up: what became of that says nothing of the image */
        char name[INSTANCE_NAME_SIZE];
        char pending_name[INSTANCE_NAME_SIZE];
        char pending_tag[RETAIN_TAG_SIZE]; /* of the image, until the switch */
        char keep_tag[RETAIN_TAG_SIZE];    /* from then on */
        bool tagged;                       /* as pending */
        InstanceList before;               /* what was there when the new one was created */
        char *container;                   /* the id of the new one, as long as it is to be undone */
} Deploy;

/* Whether a deploy of the very store made it. */
static inline bool deploy_made(const Deploy *deploy, const Instance *instance) {
        return streq(instance->store, deploy->request->store);
}

/* Whether it is this deploy's to replace. */
static inline bool deploy_owns(const Deploy *deploy, const Instance *instance) {
        return deploy->take_over || deploy_made(deploy, instance);
}

/* context.c */

void deploy_done(Deploy *deploy);
/* All instances of the stage, of whatever store. */
int deploy_list(Deploy *deploy, InstanceList *ret);
/* Whether an attempt that died has left it: pending, or once switched to by this very deploy, where it runs no more. */
bool deploy_is_left_behind(const Deploy *deploy, const Instance *instance);
/* The newest instance of the store that was ever switched to, running or not, or NULL. */
const Instance *deploy_find_newest(const Deploy *deploy, const InstanceList *list);
/* How health is told: by root's file where that says so, else as it was asked for. */
const char *deploy_healthcheck(const Deploy *deploy);
/* Whether the HEALTHCHECK of an image of the project counts: not where somebody named another check. */
bool deploy_image_check_counts(const Deploy *deploy);
/* -EINTR when the process is to end. */
int deploy_check_cancelled(Deploy *deploy);
/* Ends the child's work with this outcome. */
int deploy_succeed(Deploy *deploy, const char *outcome, const char *detail, const char *container);

/* publish.c */

/* Tells the proxy's configuration where the stage answers now. What fails is logged. */
void deploy_publish(Deploy *deploy, const InstanceList *list);
/* The same, as the engine has it: what was stopped and started again may answer at another port. */
void deploy_publish_now(Deploy *deploy);

/* The steps */

/*
 * What a dead attempt left behind: puts back what it had stopped, then removes what it had not switched to, and what it had
 * switched to and does not run. Afterwards the stage is what it was before that attempt.
 */
int deploy_recover(Deploy *deploy, const InstanceList *list);

/*
 * Reads what root says of the project, and counts with its limits from then on. A mistake is explained, and can be found again
 * by asking again.
 */
int deploy_read_project(Deploy *deploy);

/* Gets the image here, makes the body, and lists what is there `before`. */
int deploy_prepare(Deploy *deploy);

/* Creates, stops what has to make way, starts, waits, and gives it its aliases. -EREMOTEIO: it did not come up. Undoes nothing. */
int deploy_bring_up(Deploy *deploy);

/*
 * Gives the new container its final name. An answer that was lost is asked for again; `*ret`, the container as it is then,
 * is to be released in any case.
 */
int deploy_switch(Deploy *deploy, Container *ret);

/*
 * Back to what was before: those that made way run again, the new container goes. `error` keeps its sentence. Returns it, or
 * the error that left work for another attempt, with the pending container as the sign of it.
 */
int deploy_undo(Deploy *deploy, int error);

/*
 * The new one did not come up: says why, undoes, and looks for what keeps running. Ends the deploy as rolled back, or
 * returns -EREMOTEIO when nothing runs, or -EIO where the engine itself may be the reason, or what the undo returned.
 */
int deploy_roll_back(Deploy *deploy);

/* After the switch, or where none was needed: retires what `current` replaces, drops old images, ends the deploy. */
int deploy_finish(Deploy *deploy, const char *outcome, uint64_t current, const Container *container);
