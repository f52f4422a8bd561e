/* SPDX-License-Identifier: MIT */
/*
 * What a child process is started for beside a deploy: a question to the engine, which changes nothing, or the removal of a
 * stage, which does. A query is the whole life of that child.
 */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/deploy-request.h"
#include "deployerd/worker/worker.h"
#include "shared/image-ref.h"

typedef enum QueryKind {
        /* Which engine is there. Ends with an empty result; what counts is the report about the engine. */
        QUERY_ENGINE,
        /*
         * What is known of an image. Ends with a result of the keys "port", "healthcheck", "labels", "digest". -ENOENT where
         * it is not here.
         */
        QUERY_IMAGE,
        /*
         * Reports the instances of a project and stage (NULL or empty: all) that were switched to, one REPORT_INSTANCE each
         * with the keys of struct InstanceReport, and ends with an empty result. Whoever asks for all has the upstream files
         * brought up to date.
         */
        QUERY_INSTANCES,
        /*
         * Reports all that those of them publish that run, one REPORT_ENDPOINT for each place, with the keys of struct
         * EndpointReport; the project's port first. Ends with an empty result.
         */
        QUERY_ENDPOINTS,
        /*
         * Reports what is in engines that run and that deploys are not in, one REPORT_STRAY for each container, with the keys of
         * struct StrayReport (strays.h). Ends with an empty result, also where no engine answers.
         */
        QUERY_STRAYS,
        /*
         * Ends with a result of the keys "body", which a deploy of `request` would have its container made of; "changed", the
         * places (JSON pointers) where root's file made it another than it were without; "notes", sentences about what may
         * not be meant. Nothing is asked of a registry: what is not known of an image that is not here is left out. Values of
         * files of variables are hidden, unless the request wants to see them. -EBADMSG and -EPERM as project_config_load().
         */
        QUERY_BODY,
        /* See removal.h; the one that changes something. Ends with an empty result. */
        QUERY_REMOVE,
        /*
         * Has the next deploy of the stage by `store` replace what other stores have there: see takeover.h. Ends with a result
         * of the key "containers", their number. -ECHILD: there are none.
         */
        QUERY_TAKE_OVER,
} QueryKind;

/* What is asked. Borrowed; what the kind does not need is NULL. */
typedef struct QueryRequest {
        QueryKind kind;
        const ImageRef *image;        /* of QUERY_IMAGE */
        const DeployRequest *request; /* of QUERY_BODY */
        const char *project,
                        *stage; /* of QUERY_INSTANCES, QUERY_ENDPOINTS, QUERY_STRAYS, QUERY_REMOVE and QUERY_TAKE_OVER */
        const char *store; /* of QUERY_TAKE_OVER */
} QueryRequest;

/* Runs in the child. Errors are those of the kind and of engine.h. */
int query_run(Worker *worker, const DeployerConfig *config, const QueryRequest *query);

/* One REPORT_INSTANCE, as the parent reads it. Borrowed from the report. */
typedef struct InstanceReport {
        const char *project;
        const char *stage;
        uint64_t deploy;
        const char *store;
        const char *container;
        const char *name;
        const char *digest;
        const char *state;
        const char *health;
        const char *endpoint;
        uint64_t started_at;
} InstanceReport;

/* -EBADMSG: a key is missing or of the wrong type. */
int instance_report_read(const json_t *report, InstanceReport *ret);

/* One REPORT_ENDPOINT, likewise. */
typedef struct EndpointReport {
        const char *project;
        const char *stage;
        uint64_t deploy;
        const char *container;
        const char *name;
        uint16_t port; /* the container's */
        const char *protocol;
        const char *endpoint;
        bool is_project_port;
} EndpointReport;

int endpoint_report_read(const json_t *report, EndpointReport *ret);
