/* SPDX-License-Identifier: MIT */
/*
 * Rows that come into the queue and leave it, in the caller's step. Which push becomes one is decided in enqueue.c, how one
 * goes on in outcome.c.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/time-util.h"
#include "webhookd/store/awaited.h"
#include "webhookd/store/census.h"
#include "webhookd/store/delivery.h"
#include "webhookd/store/metrics.h"
#include "webhookd/store/push.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"

/* At the first end that this process sees of a stage, and then at each DEPLOYS_UNKEPT-th: the look costs as much as a delivery. */
static bool prune_is_due(Store *store, int64_t stage_id) {
        StageEnds *ends = &store->ends[(uint64_t) stage_id % ELEMENTSOF(store->ends)];

        if (ends->stage_id == stage_id && ++ends->n < DEPLOYS_UNKEPT)
                return false;

        *ends = (StageEnds){ .stage_id = stage_id };
        return true;
}

/*
 * Forgets the finished rows of a stage beyond DEPLOYS_KEPT, but for what rollbacks need, and those that never began beyond PUT_ASIDE_KEPT.
 * Few of these leave a flood of pushes few pages to write: all that is known of a stage is close together then.
 */
static int queue_prune(Store *store, int64_t stage_id) {
        static const char last_sql
                        [] = "SELECT id FROM deploys "
                             "WHERE stage_id = ?1 AND state NOT IN ('queued', 'running') "
                             "ORDER BY id DESC LIMIT 1 OFFSET ?2",
                last_aside_sql[] =
                                "SELECT id FROM deploys WHERE stage_id = ?1 AND state = 'superseded' AND tries = 0 "
                                "ORDER BY id DESC LIMIT 1 OFFSET ?2",
                delete_sql[] = "DELETE FROM deploys "
                               "WHERE stage_id = ?1 AND (state = 'superseded' AND tries = 0 AND id <= ?3 "
                               "OR state NOT IN ('queued', 'running') AND id <= ?2 "
                               "AND id NOT IN (SELECT id FROM deploys WHERE stage_id = ?1 "
                               "AND state = 'succeeded' ORDER BY id DESC LIMIT ?4) "
                               "AND id IS NOT (SELECT max(id) FROM deploys WHERE stage_id = ?1 "
                               "AND state = 'unchanged' AND generation IS NOT NULL))";
        int64_t last = 0, last_aside = 0;
        int r;

        if (!prune_is_due(store, stage_id))
                return 0;

        r = store_read_number(store, last_sql, VALUES(value_number(stage_id), value_number(DEPLOYS_KEPT)),
                              &last);
        if (r >= 0)
                r = store_read_number(store, last_aside_sql,
                                      VALUES(value_number(stage_id), value_number(PUT_ASIDE_KEPT)),
                                      &last_aside);
        if (r < 0 || (last == 0 && last_aside == 0))
                return r;

        r = store_seal_deliveries(store, stage_id, (uint64_t) last, (uint64_t) last_aside);
        if (r < 0)
                return r;

        r = store_write(store, delete_sql,
                        VALUES(value_number(stage_id), value_number(last), value_number(last_aside),
                               value_number(GENERATIONS_KEPT)));
        return r < 0 ? r : store_prune_pushes(store, stage_id);
}

void queue_row_done(QueueRow *row) {
        assert(row);

        free(row->image);
        free(row->digest);
        *row = (QueueRow){ 0 };
}

/* Two rows at most: the schema sees to it. */
int queue_look(Store *store, int64_t stage_id, QueueRow *ret_queued, QueueRow *ret_running) {
        static const char sql[] =
                        "SELECT 0, id, image, digest, local, cancel, again, started_at FROM deploys "
                        "WHERE stage_id = ?1 AND state = 'queued' "
                        "UNION ALL "
                        "SELECT 1, id, image, digest, local, cancel, again, started_at FROM deploys "
                        "WHERE stage_id = ?1 AND state = 'running'";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        _cleanup_(queue_row_done) QueueRow queued = { 0 }, running = { 0 };
        int r;

        r = store_query(store, sql, VALUES(value_number(stage_id)), &statement);
        while (r >= 0 && (r = store_step(store, statement)) > 0) {
                Row row = { .statement = statement };
                bool runs = row_number(&row, 1);
                QueueRow *found = runs ? &running : &queued;

                queue_row_done(found);
                *found = (QueueRow){ .stage_id = stage_id, .state = runs ? DEPLOY_RUNNING : DEPLOY_QUEUED };
                found->id = row_number(&row, INT64_MAX);
                found->image = row_text(&row);
                found->digest = row_text_or_null(&row);
                found->local = row_number(&row, 1);
                found->cancel = row_number(&row, 1);
                found->again = row_number(&row, 1);
                found->started_at = row_number(&row, INT64_MAX);
                r = row_end(store, &row);
        }
        if (r < 0)
                return r;

        *ret_queued = queued;
        *ret_running = running;
        queued = running = (QueueRow){ 0 };
        return 0;
}

int queue_look_for_id(Store *store, int64_t stage_id, uint64_t *ret_id) {
        static const char sql[] = "SELECT id FROM deploys WHERE stage_id = ?1 AND state = 'queued'";
        int64_t id = 0;
        int r;

        r = store_read_number(store, sql, VALUES(value_number(stage_id)), &id);
        if (r < 0)
                return r;

        *ret_id = (uint64_t) id;
        return 0;
}

int queue_end(Store *store, const QueueRow *row, DeployState state, const char *reason, uint64_t successor) {
        static const char sql[] = "UPDATE deploys SET state = ?2, reason = ?3, finished_at = ?4, "
                                  "superseded_by = nullif(?5, 0) WHERE id = ?1";
        uint64_t now = now_usec(CLOCK_REALTIME);
        int r;

        r = store_write(store, sql,
                        VALUES(value_id(row->id), value_text(deploy_state_to_string(state)),
                               value_text(reason), value_time(now), value_id(successor)));
        if (r < 0)
                return r;

        counts_add_deploy(&store->counts, row->state, -1);
        r = store_count_end(store, row->stage_id, row->started_at, state, now);
        if (r >= 0)
                r = awaited_end(store, row->id);
        return r < 0 ? r : queue_prune(store, row->stage_id);
}

int queue_end_deploy(Store *store, const Deploy *deploy, DeployState state, const char *reason,
                     uint64_t successor) {
        const QueueRow row = {
                .id = deploy->id,
                .stage_id = deploy->stage_id,
                .state = deploy->state,
                .started_at = deploy->started_at,
        };

        return queue_end(store, &row, state, reason, successor);
}

static int queue_check_room(Store *store, unsigned max_queued) {
        uint64_t queued;
        int r;

        r = store_count_deploys(store, DEPLOY_QUEUED, &queued);
        if (r < 0)
                return r;

        return queued >= max_queued ? store_fail_text(store, -ENOBUFS, "the queue is full") : 0;
}

int queue_insert(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        static const char sql[] =
                        "INSERT INTO deploys(id, stage_id, image, digest, source, state, queued_at, "
                        "generation, force, local, uid, user, hook, provider) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, 'queued', ?6, nullif(?7, 0), ?8, ?9, "
                        "iif(?10, ?11, NULL), substr(?12, 1, ?13), ?14, ?15)";
        const Asker asker = enqueue->asker ? *enqueue->asker : (Asker){ 0 };
        uint64_t id;
        int r;

        r = queue_check_room(store, enqueue->max_queued);
        if (r >= 0)
                r = store_next_deploy_id(store, &id);
        if (r < 0)
                return r;

        r = store_write(store, sql,
                        VALUES(value_id(id), value_number(enqueue->stage_id), value_text(enqueue->image),
                               value_text(enqueue->digest), value_text(enqueue->source),
                               value_time(now_usec(CLOCK_REALTIME)), value_id(enqueue->generation),
                               value_number(enqueue->force), value_number(enqueue->local),
                               value_number(asker.is_user), value_number(asker.uid), value_text(asker.user),
                               value_number(ASKER_USER_MAX), value_text(asker.hook),
                               value_text(asker.provider)));
        if (r < 0)
                return r;

        counts_use_deploy_id(&store->counts, id);
        counts_add_deploy(&store->counts, DEPLOY_QUEUED, +1);
        result->verdict = ENQUEUE_NEW;
        result->deploy_id = id;
        result->state = DEPLOY_QUEUED;
        return 0;
}

int queue_forget_joins(Store *store, int64_t stage_id) {
        static const char sql[] = "UPDATE deploys SET again = 0 WHERE stage_id = ?1 "
                                  "AND state = 'running' AND again = 1";
        int r;

        r = store_write(store, sql, VALUES(value_number(stage_id)));
        return r < 0 ? r : 0;
}

int queue_put_aside(Store *store, QueueRow *queued, DeployState state, uint64_t successor, const char *what,
                    EnqueueResult *result) {
        char reason[64];
        int r;

        (void) snprintf(reason, sizeof(reason), "deploy %" PRIu64 "%s took its place", successor, what);
        r = queue_end(store, queued, state, reason, successor);
        if (r < 0)
                return r;

        result->aside = (PutAside){ .id = queued->id, .image = TAKE_PTR(queued->image), .state = state };
        return 0;
}
