/* SPDX-License-Identifier: MIT */
/* Calls that are answered by what a child process found out: see query.h. */
#include "deployerd/bus/query.h"
#include "deployerd/bus/properties.h"
#include "deployerd/job/strays.h"
#include "deployerd/worker/operation.h"
#include "deployerd/worker/report.h"
#include "shared/bus/errors.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/protocol.h"

/* What a query begins with; what its kind does not need is NULL or 0. */
typedef struct QueryStart {
        QueryKind kind;
        sd_bus_message *message; /* the call; NULL: nobody asked */
        ImageRef *image;         /* taken over on success only, as is the request */
        DeployRequest *request;  /* of QUERY_BODY */
        const char *project;
        const char *stage;
        const char *store; /* of QUERY_TAKE_OVER */
        uid_t uid;         /* of QUERY_TAKE_OVER: who asked */
} QueryStart;

struct Query {
        Manager *manager;
        QueryKind kind;
        sd_bus_message *message; /* the call; NULL: nobody asked */
        sd_bus_message *reply;   /* of a kind that lists, as it grows */
        ImageRef *image;
        DeployRequest *request; /* of QUERY_BODY */
        char *project;
        char *stage;
        char *store; /* of QUERY_TAKE_OVER; empty elsewhere */
        uid_t uid;   /* of QUERY_TAKE_OVER: who asked */
        Operation *operation;
        Query *next;
};

static Query *query_free(Query *query) {
        if (!query)
                return NULL;

        operation_free(query->operation);
        sd_bus_message_unref(query->message);
        sd_bus_message_unref(query->reply);
        image_ref_free(query->image);
        deploy_request_free(query->request);
        free(query->project);
        free(query->stage);
        free(query->store);
        free(query);
        return NULL;
}

DEFINE_CLEANUP(Query, query_free)

Query *query_free_all(Query *query) {
        while (query) {
                Query *next = query->next;

                query_free(query);
                query = next;
        }

        return NULL;
}

static int run_query(Worker *worker, void *userdata) {
        const Query *query = userdata;

        return query_run(worker, query->manager->config,
                         &(QueryRequest){
                                         .kind = query->kind,
                                         .image = query->image,
                                         .request = query->request,
                                         .project = query->project,
                                         .stage = query->stage,
                                         .store = query->store,
                         });
}

static void append_instance(Query *query, const json_t *report) {
        InstanceReport instance;

        if (query->kind != QUERY_INSTANCES || instance_report_read(report, &instance) < 0)
                return;

        /* One that comes up is none yet; what a deploy has left that does not run is one. */
        if (instance_name_is_pending(instance.name) &&
            deploys_is_busy(query->manager->deploys, instance.project, instance.stage))
                return;

        /* A message that could not be extended fails when it is sent. */
        (void) sd_bus_message_append(query->reply, "(sstssssssst)", instance.project, instance.stage,
                                     instance.deploy, instance.store, instance.container, instance.name,
                                     instance.digest, instance.state, instance.health, instance.endpoint,
                                     instance.started_at);
}

static void append_endpoint(Query *query, const json_t *report) {
        EndpointReport endpoint;

        if (query->kind != QUERY_ENDPOINTS || endpoint_report_read(report, &endpoint) < 0)
                return;

        (void) sd_bus_message_append(query->reply, "a{sv}", 9, ENDPOINT_PROJECT, "s", endpoint.project,
                                     ENDPOINT_STAGE, "s", endpoint.stage, ENDPOINT_DEPLOY, "t",
                                     endpoint.deploy, ENDPOINT_CONTAINER, "s", endpoint.container,
                                     ENDPOINT_NAME, "s", endpoint.name, ENDPOINT_PORT, "q",
                                     (int) endpoint.port, ENDPOINT_PROTOCOL, "s", endpoint.protocol,
                                     ENDPOINT_ENDPOINT, "s", endpoint.endpoint, ENDPOINT_IS_PROJECT_PORT,
                                     "b", (int) endpoint.is_project_port);
}

static void append_stray(Query *query, const json_t *report) {
        StrayReport stray;

        if (query->kind != QUERY_STRAYS || stray_report_read(report, &stray) < 0)
                return;

        (void) sd_bus_message_append(query->reply, "a{sv}", 10, STRAY_ENGINE, "s", stray.engine,
                                     STRAY_SOCKET, "s", stray.socket, STRAY_PROJECT, "s", stray.project,
                                     STRAY_STAGE, "s", stray.stage, STRAY_DEPLOY, "t", stray.deploy,
                                     STRAY_STORE, "s", stray.store, STRAY_CONTAINER, "s", stray.container,
                                     STRAY_NAME, "s", stray.name, STRAY_DIGEST, "s", stray.digest,
                                     STRAY_STATE, "s", stray.state);
}

static void on_query_report(const char *kind, const json_t *report, void *userdata) {
        Query *query = userdata;

        if (streq(kind, REPORT_ENGINE))
                manager_take_engine(query->manager, report);
        else if (streq(kind, REPORT_INSTANCE))
                append_instance(query, report);
        else if (streq(kind, REPORT_ENDPOINT))
                append_endpoint(query, report);
        else if (streq(kind, REPORT_STRAY))
                append_stray(query, report);
        else if (streq(kind, REPORT_LOG))
                (void) log_full_errno(LOG_PRI((int) json_get_int(report, "priority", LOG_INFO)), 0, "%s",
                                      strempty(json_get_string(report, "text")));
}

static int append_labels(sd_bus_message *reply, const json_t *labels) {
        const char *key;
        json_t *value;
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", INSPECT_LABELS);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_VARIANT, "a{ss}");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;

        json_object_foreach((json_t *) (uintptr_t) labels, key, value) {
                r = sd_bus_message_append(reply, "{ss}", key, strempty(json_string_value(value)));
                if (r < 0)
                        return r;
        }

        for (unsigned i = 0; i < 3; i++) {
                r = sd_bus_message_close_container(reply);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int reply_image(sd_bus_message *message, const json_t *result) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}", OPTION_PORT, "q",
                                          (int) json_get_int(result, "port", 0), OPTION_HEALTHCHECK, "s",
                                          strempty(json_get_string(result, "healthcheck")), INSPECT_DIGEST,
                                          "s", strempty(json_get_string(result, "digest")));
        if (r >= 0)
                r = append_labels(reply, json_object_get(result, "labels"));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

static int reply_list(Query *query) {
        int r;

        r = sd_bus_message_close_container(query->reply);
        return r < 0 ? r : sd_bus_send(NULL, query->reply, NULL);
}

static int append_strings(sd_bus_message *reply, const json_t *strings) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
        for (size_t i = 0; r >= 0 && i < json_array_size(strings); i++)
                r = sd_bus_message_append(reply, "s",
                                          strempty(json_string_value(json_array_get(strings, i))));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/*
 * GetContainerBody() tells the body, DescribeContainer() what root's file has made of it as well, DescribeCommands() those of what is run
 * beside it.
 */
static int reply_body(sd_bus_message *message, const json_t *result) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *member = strempty(sd_bus_message_get_member(message));
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_encode(json_object_get(result, streq(member, "DescribeCommands") ? "commands" : "body"),
                        &text);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", text);
        if (r >= 0 && streq(member, "DescribeContainer")) {
                r = append_strings(reply, json_object_get(result, "changed"));
                if (r >= 0)
                        r = append_strings(reply, json_object_get(result, "notes"));
        }

        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int reply_take_over(const Query *query, const json_t *result) {
        log_event(EVENT_STAGE_TAKE_OVER,
                  &(EventFields){ .project = query->project,
                                  .stage = query->stage,
                                  .caller_uid = query->uid },
                  "The next deploy of %s/%s takes over what other stores have there, as asked for by uid %u",
                  query->project, query->stage, (unsigned) query->uid);
        return sd_bus_reply_method_return(query->message, "u",
                                          (unsigned) json_get_int(result, "containers", 0));
}

static void query_reply(Query *query, const OperationEnd *end) {
        int r;

        if (end->error_name)
                r = sd_bus_reply_method_errorf(query->message, end->error_name, "%s", end->error_text);
        else if (query->kind == QUERY_IMAGE)
                r = reply_image(query->message, end->result);
        else if (query->kind == QUERY_BODY)
                r = reply_body(query->message, end->result);
        else if (query->kind == QUERY_TAKE_OVER)
                r = reply_take_over(query, end->result);
        else if (query->kind == QUERY_REMOVE)
                r = sd_bus_reply_method_return(query->message, "");
        else
                r = reply_list(query);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot answer %s(): %m",
                                       sd_bus_message_get_member(query->message));
                (void) sd_bus_reply_method_errno(query->message, r, NULL);
        }
}

static void on_query_end(const OperationEnd *end, void *userdata) {
        _cleanup_(query_freep) Query *query = userdata;

        for (Query **link = &query->manager->queries; *link; link = &(*link)->next)
                if (*link == query) {
                        *link = query->next;
                        break;
                }

        query->manager->hooks.on_activity(query->manager->userdata);
        if (query->message)
                query_reply(query, end);
        else if (end->error_name)
                log_notice("No engine to work with yet: %s", end->error_text);
}

/* The type of the items of a list, whose reply is filled while reports come in; NULL: it is none. */
static const char *item_type(QueryKind kind) {
        return kind == QUERY_INSTANCES                           ? "(sstssssssst)"
               : kind == QUERY_ENDPOINTS || kind == QUERY_STRAYS ? "a{sv}"
                                                                 : NULL;
}

static int query_open_reply(Query *query) {
        const char *type = item_type(query->kind);
        int r;

        if (!type)
                return 0;

        r = sd_bus_message_new_method_return(query->message, &query->reply);
        if (r < 0)
                return r;

        return sd_bus_message_open_container(query->reply, SD_BUS_TYPE_ARRAY, type);
}

static unsigned count_queries(const Manager *manager) {
        unsigned n = 0;

        for (const Query *query = manager->queries; query; query = query->next)
                n++;

        return n;
}

static uint64_t query_deadline(const Manager *manager, QueryKind kind) {
        return kind == QUERY_ENGINE   ? PROBE_DEADLINE_USEC
               : kind == QUERY_REMOVE ? manager->config->deploy_deadline_usec
                                      : QUERY_DEADLINE_USEC;
}

static int query_start(Manager *manager, const QueryStart *start) {
        static const OperationHooks hooks = { run_query, on_query_report, on_query_end };
        _cleanup_(query_freep) Query *query = NULL;
        int r;

        assert(manager);
        assert(!start->message == (start->kind == QUERY_ENGINE));

        if (count_queries(manager) >= QUERIES_MAX)
                return -EBUSY;

        query = calloc(1, sizeof(*query));
        if (!query)
                return -ENOMEM;

        query->manager = manager;
        query->kind = start->kind;
        query->message = sd_bus_message_ref(start->message);
        query->project = strdup(strempty(start->project));
        query->stage = strdup(strempty(start->stage));
        query->store = strdup(strempty(start->store));
        query->uid = start->uid;
        if (!query->project || !query->stage || !query->store)
                return -ENOMEM;

        r = query_open_reply(query);
        if (r < 0)
                return r;

        query->image = start->image;
        query->request = start->request;
        r = operation_new(manager->event, &hooks, query, query_deadline(manager, start->kind),
                          &query->operation);
        if (r < 0) {
                query->image = NULL;
                query->request = NULL;
                return r;
        }

        query->next = manager->queries;
        manager->queries = TAKE_PTR(query);
        return 0;
}

int query_begin(Manager *manager, QueryKind kind, sd_bus_message *message, ImageRef *image,
                const char *project, const char *stage) {
        return query_start(manager, &(QueryStart){
                                                    .kind = kind,
                                                    .message = message,
                                                    .image = image,
                                                    .project = project,
                                                    .stage = stage,
                                    });
}

int query_begin_body(Manager *manager, sd_bus_message *message, DeployRequest *request) {
        return query_start(manager,
                           &(QueryStart){ .kind = QUERY_BODY, .message = message, .request = request });
}

int query_begin_take_over(Manager *manager, sd_bus_message *message, const char *project, const char *stage,
                          const char *store, uid_t uid) {
        return query_start(manager, &(QueryStart){
                                                    .kind = QUERY_TAKE_OVER,
                                                    .message = message,
                                                    .project = project,
                                                    .stage = stage,
                                                    .store = store,
                                                    .uid = uid,
                                    });
}

bool query_removes(const Manager *manager, const char *project, const char *stage) {
        assert(manager);
        assert(project);

        for (const Query *query = manager->queries; query; query = query->next)
                if (query->kind == QUERY_REMOVE && streq(query->project, project) &&
                    (isempty(query->stage) || isempty(stage) || streq(query->stage, stage)))
                        return true;

        return false;
}

void query_stop_all(Manager *manager) {
        assert(manager);

        for (Query *query = manager->queries; query; query = query->next)
                operation_stop(query->operation);
}
