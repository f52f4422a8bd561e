/* SPDX-License-Identifier: MIT */
/* What both daemons and tinyforgectl agree on: names on the bus, option names, limits, states and outcomes. */
#pragma once

#include "shared/macro.h"

#define WEBHOOK_BUS_NAME  "org.tinyforge.Webhook1"
#define WEBHOOK_PATH      "/org/tinyforge/Webhook1"
#define WEBHOOK_INTERFACE "org.tinyforge.Webhook1.Manager"

#define DEPLOYER_BUS_NAME  "org.tinyforge.Deployer1"
#define DEPLOYER_PATH      "/org/tinyforge/Deployer1"
#define DEPLOYER_INTERFACE "org.tinyforge.Deployer1.Manager"

/* The URL path of the main hook is this and the secret. */
#define WEBHOOK_URL_PREFIX "/api/webhook/"

/* The largest body of a delivery that is read, bytes. */
#define BODY_MAX (1024U * 1024U)

/* The most deploys that run at the same time; dbus-daemon refuses 128 pending replies. */
#define DEPLOYS_MAX_LIMIT 64U

/* The time-out of the call to TriggerDeploy: above DeployDeadlineSec=, so that the reply is the outcome. */
#define TRIGGER_DEPLOY_TIMEOUT_USEC (61 * 60 * USEC_PER_SEC)
/* The time-out of the call to InspectImage. */
#define INSPECT_IMAGE_TIMEOUT_USEC (5 * USEC_PER_SEC)

/* polkit asks a person for so long; the call that waits for it has to wait longer. */
#define AUTHORISE_TIMEOUT_USEC (2 * 60 * USEC_PER_SEC)

/* Different digests of one stage side by side. */
#define MAX_INSTANCES_LIMIT 16U

/* The longest path of a health check, and the longest reason that is kept for a deploy; bytes. */
#define HEALTHCHECK_MAX 255U
#define REASON_MAX      4096U

/* What the name of an instance ends with before it is switched to. */
#define INSTANCE_PENDING_SUFFIX ".pending"

static inline bool instance_name_is_pending(const char *name) {
        size_t n = strlen(name), m = strlen(INSTANCE_PENDING_SUFFIX);

        return n >= m && streq(name + n - m, INSTANCE_PENDING_SUFFIX);
}

/* Options of TriggerDeploy, and keys of InspectImage's answer. */
#define OPTION_DEPLOY_ID     "DeployId"
#define OPTION_STORE         "Store"
#define OPTION_PORT          "Port"
#define OPTION_HEALTHCHECK   "Healthcheck"
#define OPTION_MAX_INSTANCES "MaxInstances"
#define OPTION_UNDO          "Undo"
#define OPTION_SHOW_SECRETS  "ShowSecrets" /* of GetContainerBody and DescribeContainer alone */
#define OPTION_FORCE         "Force"
#define OPTION_LOCAL         "Local"
#define OPTION_ROLLBACK      "Rollback"
#define OPTION_FAILED_DIGEST "FailedDigest"
#define OPTION_WATCH         "Watch" /* of WatchDeploy alone */
#define INSPECT_LABELS       "Labels"
#define INSPECT_DIGEST       "Digest"

/* Options of CreateProject, SetProject and SetStage besides, and keys of DescribeStages' answer. */
#define OPTION_IMAGE           "Image"
#define OPTION_AFTER           "After"
#define OPTION_TAG_PATTERN     "TagPattern"
#define OPTION_POLICY          "Policy"
#define OPTION_AUTO_DEPLOY     "AutoDeploy"
#define OPTION_ALLOW_DOWNGRADE "AllowDowngrade"
#define STAGE_NAME             "Name"
#define STAGE_AVAILABLE        "Available"
#define STAGE_SHADOWED_BY      "ShadowedBy"

/* The most rows of a page, such as DescribeProjectsPage() answers with; fewer than were asked for are the last. */
#define PAGE_MAX 1000U
/* Option of DescribeProjectsPage besides. */
#define OPTION_PREFIX "Prefix"

/* Keys of DescribeProjects' answer besides. */
#define PROJECT_NAME                "Name"
#define PROJECT_LEARNED_PORT        "LearnedPort"
#define PROJECT_LEARNED_HEALTHCHECK "LearnedHealthcheck"
#define PROJECT_AUTO_CREATED        "AutoCreated"
#define PROJECT_CREATED_AT          "CreatedAt"

/* Keys of DescribeDeploys' answer. */
#define DEPLOY_KEY_ID            "Id"
#define DEPLOY_KEY_PROJECT       "Project"
#define DEPLOY_KEY_STAGE         "Stage"
#define DEPLOY_KEY_IMAGE         "Image"
#define DEPLOY_KEY_DIGEST        "Digest"
#define DEPLOY_KEY_STATE         "State"
#define DEPLOY_KEY_REASON        "Reason"
#define DEPLOY_KEY_ATTEMPTS      "Attempts"
#define DEPLOY_KEY_NEXT_AT       "NextAttemptAt"
#define DEPLOY_KEY_QUEUED_AT     "QueuedAt"
#define DEPLOY_KEY_STARTED_AT    "StartedAt"
#define DEPLOY_KEY_ENDED_AT      "FinishedAt"
#define DEPLOY_KEY_SOURCE        "Source"
#define DEPLOY_KEY_GENERATION    "Generation"
#define DEPLOY_KEY_SUPERSEDED_BY "SupersededBy"
#define DEPLOY_KEY_UID           "Uid"
#define DEPLOY_KEY_USER          "User"
#define DEPLOY_KEY_HOOK          "Hook"
#define DEPLOY_KEY_PROVIDER      "Provider"
#define DEPLOY_KEY_STEPS         "Steps"
#define DEPLOY_KEY_WATCH         "Watch"
#define DEPLOY_KEY_WATCH_UNTIL   "WatchUntil"
#define DEPLOY_KEY_WATCH_REASON  "WatchReason"

/* Values of the source: what made the deploy. */
#define SOURCE_WEBHOOK  "webhook"
#define SOURCE_MANUAL   "manual"
#define SOURCE_RESTART  "restart"
#define SOURCE_PROMOTE  "promote"
#define SOURCE_ROLLBACK "rollback"
#define SOURCE_WATCH    "watch"

/* Keys of DescribeHooks' answer; some are options of CreateHook. */
#define HOOK_KEY_NAME           "Name"
#define HOOK_KEY_IMAGES         "Images"
#define HOOK_KEY_SIGNATURE      "Signature"
#define HOOK_KEY_HAS_KEY        "HasKey"
#define HOOK_KEY_BARE           "Bare"
#define HOOK_KEY_CREATED_AT     "CreatedAt"
#define HOOK_KEY_ROTATED_AT     "RotatedAt"
#define HOOK_KEY_PREVIOUS_UNTIL "PreviousUntil"

/* Keys of ListEndpoints' answer. */
#define ENDPOINT_PROJECT         "Project"
#define ENDPOINT_STAGE           "Stage"
#define ENDPOINT_DEPLOY          "Deploy"
#define ENDPOINT_CONTAINER       "Container"
#define ENDPOINT_NAME            "Name"
#define ENDPOINT_PORT            "Port"
#define ENDPOINT_PROTOCOL        "Protocol"
#define ENDPOINT_ENDPOINT        "Endpoint"
#define ENDPOINT_IS_PROJECT_PORT "IsProjectPort"

/* Keys of ListStrays' answer. */
#define STRAY_ENGINE    "Engine"
#define STRAY_SOCKET    "Socket"
#define STRAY_PROJECT   "Project"
#define STRAY_STAGE     "Stage"
#define STRAY_DEPLOY    "Deploy"
#define STRAY_STORE     "Store"
#define STRAY_CONTAINER "Container"
#define STRAY_NAME      "Name"
#define STRAY_DIGEST    "Digest"
#define STRAY_STATE     "State"

/* Outcomes of TriggerDeploy; everything else is a D-Bus error. */
#define OUTCOME_SUCCEEDED   "succeeded"
#define OUTCOME_UNCHANGED   "unchanged"
#define OUTCOME_ROLLED_BACK "rolled-back"

/*
 * What a project's Healthcheck says: the image's own HEALTHCHECK, a probe from the host, or that running is enough. Empty:
 * whichever there is.
 */
#define HEALTHCHECK_IMAGE       "image"
#define HEALTHCHECK_TCP         "tcp"
#define HEALTHCHECK_NONE        "none"
#define HEALTHCHECK_HTTP_PREFIX "http:" /* and a path that begins with a slash */

/*
 * Phases of the Progress signal, in the order in which a deploy passes them. The detail of `resolved` is the digest, of
 * `pulling` "42%" or a sentence, of `stopped` (recreated stages only) the container that made way, of `probing` what was
 * asked and what came back, of `predeploy` and `postdeploy` (where root has a command run) the container of that.
 */
#define PHASE_RESOLVED   "resolved"
#define PHASE_PULLING    "pulling"
#define PHASE_PULLED     "pulled"
#define PHASE_PREDEPLOY  "predeploy"
#define PHASE_CREATED    "created"
#define PHASE_STOPPED    "stopped"
#define PHASE_STARTED    "started"
#define PHASE_PROBING    "probing"
#define PHASE_HEALTHY    "healthy"
#define PHASE_SWITCHED   "switched"
#define PHASE_RETIRED    "retired"
#define PHASE_POSTDEPLOY "postdeploy"
/* It failed; the detail is the reason. */
#define PHASE_POSTDEPLOY_FAILED "postdeploy-failed"
/* Of a job: its container runs to its end, and is the detail. */
#define PHASE_RUN "run"
/* How long the steps took, as deploy-steps.h writes it: the last of each attempt, however it ends. */
#define PHASE_TOOK "took"
/* For how long its container is watched on, in µs: told with the outcome of a deploy that root's file says so of. */
#define PHASE_WATCHED "watched"

/* How watching a container ends, by the signal WatchEnded of Deployer1. */
#define WATCH_VERDICT_HELD   "held"   /* the time is over, and nothing was wrong */
#define WATCH_VERDICT_FAILED "failed" /* it ended, was restarted by its policy, or is unhealthy */
#define WATCH_VERDICT_GONE   "gone"   /* somebody stopped or removed it, or it cannot be seen any more */

/* The longest that a container is watched. */
#define WATCH_MAX_USEC (24 * 3600 * USEC_PER_SEC)
