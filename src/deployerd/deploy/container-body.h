/* SPDX-License-Identifier: MIT */
/*
 * The body of the Engine API's container-create: what a container of ours may do, which is very little unless root's file
 * says otherwise. Its digest is the label `config`, so that a container is known to be what would be made today.
 */
#pragma once

#include <jansson.h>

#include "deployerd/config/deployer-config.h"
#include "deployerd/config/hash.h"
#include "deployerd/config/project-config.h"
#include "deployerd/engine/container.h"
#include "deployerd/engine/engine.h"
#include "deployerd/worker/deploy-request.h"

/* What is known of the image, and of the stage that is to run it. */
typedef struct BodyImage {
        const char *digest;
        const char *tag;             /* by which the engine knows it; NULL: by its digest */
        uint16_t port;               /* that is published; 0: nothing is */
        const json_t *volumes;       /* the paths of its VOLUMEs; NULL: none is known */
        const json_t *lent_volumes;  /* of volumes_lent(); NULL: none */
        const json_t *noted_volumes; /* of recall_volumes(); NULL: none */
} BodyImage;

/*
 * The body for `request` of `image`: the default one, publishing its port where `config` says, then what `project` makes of it,
 * then volumes of the stage, then what is the deployer's alone. `runs` is what it replaces, whose volumes it gets; or NULL. `*ret_hash` is of everything in it but what differs
 * from one deploy of the same thing to the next. -ENOMEM, -EIO.
 */
int container_body(const EngineQuirks *quirks, const DeployRequest *request, const ProjectConfig *project,
                   const DeployerConfig *config, const BodyImage *image, const Container *runs, json_t **ret,
                   char ret_hash[static CONFIG_HASH_SIZE]);

/*
 * Whether the container has a health check of its own: the image's (`image_has`), unless the body replaces it or, by a
 * test of ["NONE"], switches it off.
 */
bool container_body_has_healthcheck(const json_t *body, bool image_has);

/*
 * That health check: the body's, else the image's (may be NULL) with the times that the body gives it. A new reference, which
 * is NULL where there is none, or no memory: whoever asks has the engines' defaults to go by.
 */
json_t *container_body_healthcheck(const json_t *body, const json_t *image_check);
