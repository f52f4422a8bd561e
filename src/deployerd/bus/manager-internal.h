/* SPDX-License-Identifier: MIT */
/*
 * The state of the object on the bus, and what its files share: access.c and properties.c know that state alone, query.c is
 * above them, methods.c above that, and manager.c, with the table of all that the bus sees, on top.
 */
#pragma once

#include "deployerd/bus/manager.h"
#include "deployerd/engine/info.h"
#include "deployerd/job/deploys.h"
#include "deployerd/job/queries.h"
#include "shared/bus/call.h"

typedef struct Query Query;

struct Manager {
        sd_bus *bus;
        sd_event *event;
        sd_bus_slot *slot;
        const DeployerConfig *config;
        ManagerHooks hooks;
        void *userdata;
        Deploys *deploys;
        Query *queries;
        EngineInfo info;
        Authority *authority;
        bool stopping;
};

/* access.c */

int manager_open_access(Manager *manager);
/*
 * Whether the caller may call this method, by the table in access.c: 0 and the caller's uid, or what the method has to
 * return to sd-bus, as of authority_check(). `details` are names that were checked.
 */
int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error);
/* What most methods begin with: call_begin(), and the daemon is not idle. */
int manager_begin(Manager *manager, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
                  uid_t *ret_uid, sd_bus_error *error);

/* properties.c */

int property_get_engine(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error);
int property_get_allows_any(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error);
int property_get_take_overs(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error);
/* Takes what REPORT_ENGINE says, and tells the bus where that is news. */
void manager_take_engine(Manager *manager, const json_t *report);

/* query.c: calls that a child process answers. */

/*
 * Begins to answer `message` (NULL for QUERY_ENGINE). `image` is for QUERY_IMAGE and taken over; the names are for
 * QUERY_INSTANCES and QUERY_REMOVE. -EBUSY: too many are served already; `image` is then still the caller's, as after any failure.
 */
int query_begin(Manager *manager, QueryKind kind, sd_bus_message *message, ImageRef *image,
                const char *project, const char *stage);
/* The same for QUERY_BODY, of a deploy that is not made. */
int query_begin_body(Manager *manager, sd_bus_message *message, DeployRequest *request);
/* The same for QUERY_TAKE_OVER, by `store`. */
int query_begin_take_over(Manager *manager, sd_bus_message *message, const char *project, const char *stage,
                          const char *store);
/* Whether a removal of that stage is under way; NULL or "" means any of the project. */
bool query_removes(const Manager *manager, const char *project, const char *stage);
void query_stop_all(Manager *manager);
Query *query_free_all(Query *query);

/* methods.c */

int method_trigger_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_cancel_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_inspect_image(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_list_instances(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_container_body(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_remove_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_take_over_stage(sd_bus_message *message, void *userdata, sd_bus_error *error);
