/* SPDX-License-Identifier: MIT */
/*
 * Deployer: the other daemon, seen from here. Calls are asynchronous; each reply comes exactly once, also when the
 * deployer dies, never answers, or is never started (ERROR_DEPLOYER_UNREACHABLE, after 30 s). No type of the bus leaves this file.
 */
#pragma once

#include "shared/macro.h"
#include "webhookd/store/store.h"

struct sd_bus;

/* Deploys wait for it, once in the life of a process. */
#define LIST_INSTANCES_TIMEOUT_USEC (10 * USEC_PER_SEC)
/* Instances that are looked at. */
#define INSTANCES_MAX 4096U
/* The deployer only passes it on to the process of that deploy. */
#define CANCEL_DEPLOY_TIMEOUT_USEC (30 * USEC_PER_SEC)

typedef struct Deployer Deployer;
typedef struct DeployerCall DeployerCall;

/* What came back. Either error_name is set, or the rest. Borrowed for the call. */
typedef struct DeployerReply {
        const char *error_name; /* "org.tinyforge.PullFailed" */
        const char *error_text;
        const char *outcome; /* OUTCOME_SUCCEEDED, … */
        const char *detail;
} DeployerReply;

typedef struct ImageProperties {
        uint16_t port;
        const char *healthcheck;
} ImageProperties;

/* A container of the engine, by its labels. */
typedef struct DeployerInstance {
        const char *project, *stage, *store_uuid;
        uint64_t deploy;
        bool pending; /* left before it was switched to */
} DeployerInstance;

/* Called for each instance, and with NULL at the end; `complete` is false where the answer failed. */
typedef void (*DeployerOnInstance)(const DeployerInstance *instance, bool complete, void *userdata);
typedef void (*DeployerOnReply)(const DeployerReply *reply, void *userdata);
/* So many instances; with an error, none were counted. */
typedef void (*DeployerOnCount)(const DeployerReply *reply, unsigned n, void *userdata);
/* NULL: the image is not here, or the deployer did not answer in time. */
typedef void (*DeployerOnImage)(const ImageProperties *properties, void *userdata);
/* Where a running deploy is, in the words of PHASE_RESOLVED, …; borrowed. */
typedef void (*DeployerOnProgress)(uint64_t deploy, const char *phase, const char *detail, void *userdata);

int deployer_new(struct sd_bus *bus, DeployerOnProgress on_progress, void *userdata, Deployer **ret);
Deployer *deployer_free(Deployer *deployer);
DEFINE_CLEANUP(Deployer, deployer_free)

/*
 * Asks the bus to start the deployer, and waits for nothing: whoever calls it next finds it running, or on its way. No failure is told, since
 * that call tells it.
 */
void deployer_wake(Deployer *deployer);

/* Whether it is known to run, or was asked to and has not answered yet. */
bool deployer_is_awake(const Deployer *deployer);

/*
 * Calls TriggerDeploy for `image`, the reference of that row, with a time-out above the deployer's own deadline; for a
 * row that is to be cancelled, only to undo it. An image of `failed_digest` (or NULL) is refused. `*ret` is to be freed by the caller, also from within the callback;
 * freeing it earlier forgets the reply, and stops nothing.
 */
int deployer_trigger(Deployer *deployer, const Deploy *deploy, const char *image, uint16_t port,
                     const char *healthcheck, unsigned max_instances, const char *store_uuid,
                     const char *failed_digest, DeployerOnReply on_reply, void *userdata,
                     DeployerCall **ret);

/*
 * Calls CancelDeploy, with CANCEL_DEPLOY_TIMEOUT_USEC; the reply has an error's name or nothing. As above.
 */
int deployer_cancel(Deployer *deployer, const char *store_uuid, uint64_t deploy, DeployerOnReply on_reply,
                    void *userdata, DeployerCall **ret);

/* Calls InspectImage, with INSPECT_IMAGE_TIMEOUT_USEC. As above. */
int deployer_inspect(Deployer *deployer, const char *image, DeployerOnImage on_image, void *userdata,
                     DeployerCall **ret);

/* Calls ListInstances for everything, with LIST_INSTANCES_TIMEOUT_USEC. As above. */
int deployer_list(Deployer *deployer, DeployerOnInstance on_instance, void *userdata, DeployerCall **ret);

/* Calls ListInstances for a project, and a stage of it unless that is NULL or "", with the same time-out. As above. */
int deployer_count(Deployer *deployer, const char *project, const char *stage, DeployerOnCount on_count,
                   void *userdata, DeployerCall **ret);

DeployerCall *deployer_call_free(DeployerCall *call);
DEFINE_CLEANUP(DeployerCall, deployer_call_free)
