/* SPDX-License-Identifier: MIT */
/* What only asks the engine and changes nothing. Each function is the whole life of a child process. */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/deploy-request.h"
#include "deployerd/worker/worker.h"
#include "shared/image-ref.h"

/* Ends with an empty result; what counts is the report about the engine. Errors are those of engine_open(). */
int query_engine(Worker *worker, const char *engine_socket);

/*
 * Ends with a result of the keys "port", "healthcheck", "labels", "digest". -ENOENT where the image is not here; errors of
 * engine.h.
 */
int query_image(Worker *worker, const char *engine_socket, const ImageRef *image);

/*
 * Reports the instances of a project and stage (NULL or empty: all) that were switched to, one REPORT_INSTANCE each with the
 * keys of struct InstanceReport, and ends with an empty result. Whoever asks for all has the upstream files brought up to
 * date. Errors of engine.h.
 */
int query_instances(Worker *worker, const char *engine_socket, const char *project, const char *stage);

/*
 * Ends with the body that a deploy of `request` would have its container made of. Nothing is asked of a registry: what is
 * not known of an image that is not here is left out. -EBADMSG and -EPERM as project_config_load(); errors of engine.h.
 */
int query_body(Worker *worker, const DeployerConfig *config, const DeployRequest *request);

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
