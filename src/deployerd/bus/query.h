/* SPDX-License-Identifier: MIT */
/* Calls that are answered by what a child process found out. */
#pragma once

#include "deployerd/bus/context.h"

/* Calls of InspectImage(), ListInstances() and their like that are served at a time. */
#define QUERIES_MAX 16U
/* From here on such a call is given up. */
#define QUERY_DEADLINE_USEC (60 * USEC_PER_SEC)

/*
 * Begins to answer `message` (NULL for QUERY_ENGINE). `image` is for QUERY_IMAGE and taken over; the names are for
 * QUERY_INSTANCES, QUERY_ENDPOINTS, QUERY_STRAYS and QUERY_REMOVE. -EBUSY: too many are served already; `image` is then still the caller's, as after any failure.
 */
int query_begin(Manager *manager, QueryKind kind, sd_bus_message *message, ImageRef *image,
                const char *project, const char *stage);
/* The same for QUERY_BODY, of a deploy that is not made. */
int query_begin_body(Manager *manager, sd_bus_message *message, DeployRequest *request);
/* The same for QUERY_TAKE_OVER, by `store`, as `uid` asks for. */
int query_begin_take_over(Manager *manager, sd_bus_message *message, const char *project, const char *stage,
                          const char *store, uid_t uid);
/* Whether a removal of that stage is under way; NULL or "" means any of the project. */
bool query_removes(const Manager *manager, const char *project, const char *stage);
void query_stop_all(Manager *manager);
Query *query_free_all(Query *query);
