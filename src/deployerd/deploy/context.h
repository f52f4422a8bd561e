/* SPDX-License-Identifier: MIT */
/*
 * Deploy: one under way, in its child process, with what every step may ask of it. deploy.c is the way through the steps.
 * Each step is one file, and none knows another: what two of them need is here, in publish.h, stop.h and commands.h, below all of them.
 *
 *     recover   what an attempt that died has left is put right
 *     prepare   what root says, the image, the body of the container
 *     bring-up  create, make way, start, wait, and give it its names
 *     switch    the commit point
 *     undo      the way back, where it was not reached
 *     finish    what is replaced goes
 */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/config/project-config.h"
#include "deployerd/deploy/command-body.h"
#include "deployerd/deploy/container-body.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/retain.h"
#include "deployerd/worker/deploy-request.h"
#include "deployerd/worker/worker.h"
#include "shared/deploy-steps.h"

/* A few ports, for people to read. */
#define OTHER_PORTS_SIZE 64U

/* Bytes of one sentence inside another. */
#define DEPLOY_WORDS_MAX 512U

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
        DeploySteps steps;   /* how long they took */
        bool routed;         /* a label of its own or of its image has a proxy find it by itself */
        json_t *body;
        char hash[CONFIG_HASH_SIZE];
        bool take_over;    /* what other stores have in the stage is replaced like what this one has */
        bool settled;      /* what an earlier attempt has left is put right */
        bool tagged;       /* an image may have the tag of an attempt, also of one that died */
        bool owes;         /* something that made way does not run, and may yet come back */
        bool settles;      /* no switch is to come: it is made, or the same runs already */
        bool recreate;     /* the old has to be stopped before the new is started */
        bool told_of_kill; /* of a container that did not end when it was asked to */
        bool engine_ended; /* while the new one came up: what became of that says nothing of the image */
        int unpublished;   /* why the proxy does not know where the stage answers; 0: it does */
        char name[INSTANCE_NAME_SIZE];
        char pending_name[INSTANCE_NAME_SIZE];
        char pending_tag[RETAIN_TAG_SIZE]; /* of the image, until the switch */
        char keep_tag[RETAIN_TAG_SIZE];    /* from then on */
        ContainerList rows;                /* of the project or the stage, as long as they hold */
        Container up;                      /* the new one, as it was when it was found well */
        InstanceList before;               /* what was there when the new one was created */
        char *container;                   /* the id of the new one, as long as it is to be undone */
        bool has_commands;                 /* there may be containers of commands in the stage */
        bool is_prepared;                  /* the one before the switch has ended well */
        char *commands[_COMMAND_MAX];      /* the ids of this deploy's; NULL: there is none */
} Deploy;

/* Whether a deploy of the very store made it. */
static inline bool deploy_made(const Deploy *deploy, const Instance *instance) {
        return streq(instance->store, deploy->request->store);
}

/* Whether it is this deploy's to replace. */
static inline bool deploy_owns(const Deploy *deploy, const Instance *instance) {
        return instance_is_owned(instance, deploy->request->store, deploy->take_over);
}

void deploy_done(Deploy *deploy);
/* Sets `rows`, where that is not done: of the project, where all of that are to be known, else of the stage. */
int deploy_list_rows(Deploy *deploy);
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
/*
 * Where nothing was switched to: no image of this attempt, or of one that died, is kept. Where what made way may yet come back, the tag
 * stays, which is the sign of it.
 */
void deploy_forget_images(Deploy *deploy);
/* Time was spent in the step, since `begun_at` (monotonic). */
void deploy_count(Deploy *deploy, DeployStep step, uint64_t begun_at);
/* Tells how long the steps took, as far as there were any. */
void deploy_tell_steps(Deploy *deploy);
/* Ends the child's work with this outcome. */
int deploy_succeed(Deploy *deploy, const char *outcome, const char *detail, const char *container);
