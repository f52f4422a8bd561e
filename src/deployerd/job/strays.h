/* SPDX-License-Identifier: MIT */
/*
 * Strays: containers of ours in an engine that deploys are not in, where no deploy replaces and no removal finds them. They are
 * looked at, and never touched.
 */
#pragma once

#include <jansson.h>

#include "deployerd/worker/worker.h"

/* See QUERY_STRAYS in queries.h; empty names mean all. */
int query_strays(Worker *worker, const char *engine_socket, const char *project, const char *stage);

/* One REPORT_STRAY, as the parent reads it. Borrowed from the report. */
typedef struct StrayReport {
        const char *engine; /* "podman" */
        const char *socket;
        const char *project;
        const char *stage;
        uint64_t deploy;
        const char *store;
        const char *container;
        const char *name;
        const char *digest;
        const char *state;
} StrayReport;

/* -EBADMSG: a key is missing or of the wrong type. */
int stray_report_read(const json_t *report, StrayReport *ret);
