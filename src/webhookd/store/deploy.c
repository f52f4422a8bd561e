/* SPDX-License-Identifier: MIT */
/* Deploys as rows: their states and how they are read. What becomes of a row is decided in enqueue.c. */
#include "webhookd/store/deploy.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"

#define DEPLOY_SELECT                                                                                                      \
        "SELECT d.id, d.stage_id, p.name, s.name, d.image, d.digest, d.source, d.reason, d.state, "                        \
        "d.attempts, ifnull(d.generation, 0), d.cancel, d.again, d.queued_at, d.started_at, d.finished_at, "               \
        "d.tries, d.retry_since, d.next_at, d.force, d.local, ifnull(d.superseded_by, 0), "                                \
        "d.uid IS NOT NULL, ifnull(d.uid, 0), d.user, d.hook, d.provider, d.took, d.watch, d.watch_until, d.watch_reason " \
        "FROM deploys d JOIN stages s ON s.id = d.stage_id JOIN projects p ON p.id = s.project_id "

static const char *const state_names[] = {
        [DEPLOY_QUEUED] = "queued",           [DEPLOY_RUNNING] = "running",
        [DEPLOY_SUCCEEDED] = "succeeded",     [DEPLOY_UNCHANGED] = "unchanged",
        [DEPLOY_ROLLED_BACK] = "rolled-back", [DEPLOY_FAILED] = "failed",
        [DEPLOY_SUPERSEDED] = "superseded",   [DEPLOY_CANCELLED] = "cancelled",
};

static_assert(ELEMENTSOF(state_names) == _DEPLOY_STATE_MAX, "each state has its name");

const char *deploy_state_to_string(DeployState state) {
        assert(state < _DEPLOY_STATE_MAX);

        return state_names[state];
}

int deploy_state_from_string(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(state_names); i++)
                if (streq(state_names[i], name))
                        return (int) i;

        return -EINVAL;
}

bool deploy_state_is_final(DeployState state) {
        assert(state < _DEPLOY_STATE_MAX);

        return state != DEPLOY_QUEUED && state != DEPLOY_RUNNING;
}

static void deploy_done(void *object) {
        Deploy *deploy = object;

        free(deploy->project);
        free(deploy->stage);
        free(deploy->image);
        free(deploy->digest);
        free(deploy->source);
        free(deploy->reason);
        free(deploy->user);
        free(deploy->hook);
        free(deploy->provider);
        free(deploy->watch.reason);
}

/* What is no such text was not written here, and tells nothing. */
static void deploy_read_steps(Row *row, DeploySteps *steps) {
        _cleanup_free_ char *text = row_text_or_null(row);

        if (text)
                (void) deploy_steps_parse(text, steps);
}

static void deploy_read_watch(Row *row, Deploy *deploy) {
        _cleanup_free_ char *text = row_text_or_null(row);

        deploy->watch.state = text ? watch_state_from_string(text) : WATCH_NONE;
        deploy->watch.until = row_number(row, INT64_MAX);
        deploy->watch.reason = row_text_or_null(row);
}

static void deploy_read(Row *row, void *object) {
        Deploy *deploy = object;

        deploy->id = row_number(row, INT64_MAX);
        deploy->stage_id = (int64_t) row_number(row, INT64_MAX);
        deploy->project = row_text(row);
        deploy->stage = row_text(row);
        deploy->image = row_text(row);
        deploy->digest = row_text_or_null(row);
        deploy->source = row_text(row);
        deploy->reason = row_text(row);
        deploy->state = (DeployState) row_word(row, deploy_state_from_string, DEPLOY_FAILED);
        deploy->attempts = (unsigned) row_number(row, DEPLOY_ATTEMPTS_MAX);
        deploy->generation = row_number(row, INT64_MAX);
        deploy->cancel = row_number(row, 1);
        deploy->again = row_number(row, 1);
        deploy->queued_at = row_number(row, INT64_MAX);
        deploy->started_at = row_number(row, INT64_MAX);
        deploy->finished_at = row_number(row, INT64_MAX);
        deploy->tries = (unsigned) row_number(row, UINT32_MAX);
        deploy->retry_since = row_number(row, INT64_MAX);
        deploy->next_at = row_number(row, INT64_MAX);
        deploy->force = row_number(row, 1);
        deploy->local = row_number(row, 1);
        deploy->superseded_by = row_number(row, INT64_MAX);
        deploy->by_user = row_number(row, 1);
        deploy->uid = (uint32_t) row_number(row, UINT32_MAX);
        deploy->user = row_text_or_null(row);
        deploy->hook = row_text_or_null(row);
        deploy->provider = row_text_or_null(row);
        deploy_read_steps(row, &deploy->steps);
        deploy_read_watch(row, deploy);
}

static const RowKind deploy_kind = { sizeof(Deploy), deploy_read, deploy_done };

Deploy *deploy_free(Deploy *deploy) {
        row_free(&deploy_kind, deploy, deploy ? 1 : 0);
        return NULL;
}

Asker deploy_asker(const Deploy *deploy) {
        assert(deploy);

        return (Asker){
                .is_user = deploy->by_user,
                .uid = deploy->uid,
                .user = deploy->user,
                .hook = deploy->hook,
                .provider = deploy->provider,
        };
}

void deploy_list_done(DeployList *list) {
        assert(list);

        row_free(&deploy_kind, list->items, list->n);
        *list = (DeployList){ 0 };
}

static int deploy_list(Store *store, const char *sql, const Value *values, size_t n, DeployList *ret) {
        void *items = NULL;
        size_t n_items = 0;
        int r;

        r = row_list(store, &deploy_kind, sql, values, n, &items, &n_items);
        if (r < 0)
                return r;

        *ret = (DeployList){ .items = items, .n = n_items };
        return 0;
}

static int deploy_find(Store *store, const char *sql, const Value *values, size_t n, Deploy **ret) {
        void *found = NULL;
        int r;

        r = row_find(store, &deploy_kind, sql, values, n, &found);
        if (r >= 0)
                *ret = found;

        return r;
}

int store_find_deploy(Store *store, uint64_t id, Deploy **ret) {
        static const char sql[] = DEPLOY_SELECT "WHERE d.id = ?1";

        assert(store);
        assert(ret);

        return deploy_find(store, sql, VALUES(value_id(id)), ret);
}

int store_find_queued(Store *store, int64_t stage_id, Deploy **ret) {
        static const char sql[] = DEPLOY_SELECT "WHERE d.stage_id = ?1 AND d.state = 'queued'";

        assert(store);
        assert(ret);

        return deploy_find(store, sql, VALUES(value_number(stage_id)), ret);
}

#define CURRENT_ROW "SELECT id, generation FROM deploys " GENERATION_ROWS "ORDER BY id DESC LIMIT 1"

int store_find_current(Store *store, int64_t stage_id, Deploy **ret) {
        static const char sql[] = "WITH now(id, generation) AS (" CURRENT_ROW ") " DEPLOY_SELECT
                                  "JOIN now ON d.id = now.id";

        assert(store);
        assert(ret);

        return deploy_find(store, sql, VALUES(value_number(stage_id)), ret);
}

int store_list_current(Store *store, int64_t stage_id, DeployList *ret) {
        static const char sql[] =
                        "WITH now(id, generation) AS (" CURRENT_ROW ") " DEPLOY_SELECT
                        "LEFT JOIN now WHERE d.stage_id = ?1 AND (d.state IN ('queued', 'running') "
                        "OR d.id = now.id OR (d.state = 'unchanged' AND d.id > now.id) "
                        "OR (d.state IN ('succeeded', 'unchanged') AND d.id > now.generation AND d.id < now.id)) "
                        "ORDER BY d.id DESC";

        assert(store);
        assert(ret);

        return deploy_list(store, sql, VALUES(value_number(stage_id)), ret);
}

int store_find_unfinished(Store *store, const char *project, const char *stage, Deploy **ret) {
        static const char sql[] = DEPLOY_SELECT
                        "WHERE p.name = ?1 AND (?2 = '' OR s.name = ?2) AND d.state IN ('queued', 'running') "
                        "ORDER BY d.id LIMIT 1";

        assert(store);
        assert(project);
        assert(ret);

        return deploy_find(store, sql, VALUES(value_text(project), value_text(strempty(stage))), ret);
}

/* Each has its own way through the indexes. */
static const char *list_sql(const char *project, const char *stage) {
        static const char all[] = DEPLOY_SELECT "ORDER BY d.id DESC LIMIT ?3",
                          of_stages[] = DEPLOY_SELECT
                          "WHERE d.stage_id IN (SELECT id FROM stages WHERE name = ?2) "
                          "ORDER BY +d.id DESC LIMIT ?3",
                          of_project[] = DEPLOY_SELECT "WHERE p.name = ?1 AND (?2 = '' OR s.name = ?2) "
                                                       "ORDER BY d.id DESC LIMIT ?3";

        if (!isempty(project))
                return of_project;

        return isempty(stage) ? all : of_stages;
}

int store_list_deploys(Store *store, const char *project, const char *stage, unsigned limit,
                       DeployList *ret) {
        assert(store);
        assert(ret);

        return deploy_list(store, list_sql(project, stage),
                           VALUES(value_text(strempty(project)), value_text(strempty(stage)),
                                  value_number(limit)),
                           ret);
}

int store_list_running(Store *store, DeployList *ret) {
        /* By the index of what runs, and then sorted: the order of the ids alone would lead through all that has ended. */
        static const char sql[] = DEPLOY_SELECT "WHERE d.state = 'running' ORDER BY +d.id";

        assert(store);
        assert(ret);

        return deploy_list(store, sql, NO_VALUES, ret);
}

int store_next_ready(Store *store, uint64_t after, uint64_t *ret_id) {
        /* A stage has one queued row at most: the schema sees to it. */
        static const char sql[] =
                        "SELECT id FROM deploys d INDEXED BY deploys_waiting "
                        "WHERE state = 'queued' AND id > ?1 AND NOT EXISTS("
                        "SELECT 1 FROM deploys r WHERE r.stage_id = d.stage_id AND r.state = 'running') "
                        "AND NOT EXISTS(SELECT 1 FROM awaited a WHERE a.deploy_id = d.id) "
                        "ORDER BY id LIMIT 1";
        int64_t id = 0;
        int r;

        assert(store);
        assert(ret_id);

        r = store_read_number(store, sql, VALUES(value_id(after)), &id);
        if (r > 0)
                *ret_id = (uint64_t) id;

        return r;
}

int deploy_list_watched(Store *store, DeployList *ret) {
        static const char sql[] = DEPLOY_SELECT "WHERE d.watch = 'watching' ORDER BY +d.id";

        assert(store);
        assert(ret);

        return deploy_list(store, sql, NO_VALUES, ret);
}
