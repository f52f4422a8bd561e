/* SPDX-License-Identifier: MIT */
/*
 * DeployRequest: what one call of TriggerDeploy asks for, after everything in it was checked. Nothing in it needs to be
 * checked again.
 */
#pragma once

#include "shared/image-ref.h"

/* Bytes of a UUID in text, without its NUL. */
#define UUID_LENGTH 36U

/* Whether that is a UUID, as every store of ours has one. */
bool deploy_store_is_valid(const char *text);

/* The options as they came. What was not given has the value of DEPLOY_OPTIONS_NONE. Borrowed strings. */
typedef struct DeployOptions {
        uint64_t deploy_id;
        const char *store;
        uint16_t port;
        const char *healthcheck;
        unsigned max_instances;
        int undo; /* a bool, as the bus reads one */
        int show_secrets;
        int force;
        int local;
        int rollback;
        const char *failed_digest; /* NULL: none */
        uint64_t watch_usec;       /* of WatchDeploy */
} DeployOptions;

#define DEPLOY_OPTIONS_NONE ((DeployOptions){ .max_instances = 1 })

/* The store of a deploy that is not made where none is named. */
#define DEPLOY_STORE_NONE "00000000-0000-0000-0000-000000000000"

typedef struct DeployRequest {
        char *project;
        char *stage;
        ImageRef *image; /* the tag is set where no digest is */
        char *repository;
        char *text; /* the normalised reference */
        uint64_t deploy_id;
        char *store;
        char *healthcheck;      /* as the option; empty: whatever there is */
        uint16_t port;          /* 0: what the image exposes */
        unsigned max_instances; /* 1 … MAX_INSTANCES_LIMIT */
        bool show_secrets;   /* of a deploy that is only shown: with what files of root's say of variables */
        bool undo;           /* it is cancelled: what an attempt of it left is put right, and that is all */
        bool force;          /* what runs is replaced, also where it is what would be made */
        bool rollback;       /* it goes back to an earlier version */
        bool local;          /* no registry is asked: the image is here, or the deploy fails */
        char *failed_digest; /* what is not to be deployed again, since it failed its watch; NULL: nothing */
} DeployRequest;

/*
 * Checks and copies. -EBADR (names), -EBADF (image) and -EINVAL (options), with `*ret_reason` (static text) telling
 * what is wrong; -ENOMEM.
 */
int deploy_request_new(const char *project, const char *stage, const char *image,
                       const DeployOptions *options, DeployRequest **ret, const char **ret_reason);
DeployRequest *deploy_request_free(DeployRequest *request);
DEFINE_CLEANUP(DeployRequest, deploy_request_free)

/* Parses `text`; a reference without tag and digest gets the tag "latest". -EBADF with a reason; -ENOMEM. */
int deploy_image_parse(const char *text, ImageRef **ret, const char **ret_reason);
