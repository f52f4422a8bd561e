/* SPDX-License-Identifier: MIT */
/*
 * Rows that come into the queue and leave it, in the caller's step. Which push becomes one is decided in enqueue.c, how one
 * goes on in outcome.c.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/time-util.h"
#include "webhookd/store/census.h"
#include "webhookd/store/delivery.h"
#include "webhookd/store/metrics.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/statement.h"

/* At the first end that this process sees of a stage, and then at each DEPLOYS_UNKEPT-th: the look costs as much as a delivery. */
static bool prune_is_due(Store *store, int64_t stage_id) {
        StageEnds *ends = &store->ends[(uint64_t) stage_id % ELEMENTSOF(store->ends)];

        if (ends->stage_id == stage_id && ++ends->n < DEPLOYS_UNKEPT)
                return false;

        *ends = (StageEnds){ .stage_id = stage_id };
        return true;
}

/* Forgets the finished rows of a stage beyond DEPLOYS_KEPT, but for what rollbacks need. */
static int queue_prune(Store *store, int64_t stage_id) {
        static const char last_sql
                        [] = "SELECT id FROM deploys "
                             "WHERE stage_id = ?1 AND state NOT IN ('queued', 'running') "
                             "ORDER BY id DESC LIMIT 1 OFFSET ?2",
                delete_sql[] = "DELETE FROM deploys "
                               "WHERE stage_id = ?1 AND state NOT IN ('queued', 'running') AND id <= ?2 "
                               "AND id NOT IN (SELECT id FROM deploys WHERE stage_id = ?1 "
                               "AND state = 'succeeded' ORDER BY id DESC LIMIT ?3) "
                               "AND id IS NOT (SELECT max(id) FROM deploys WHERE stage_id = ?1 "
                               "AND state = 'unchanged' AND generation IS NOT NULL)";
        int64_t last;
        int r;

        if (!prune_is_due(store, stage_id))
                return 0;

        r = store_read_number(store, last_sql, VALUES(value_number(stage_id), value_number(DEPLOYS_KEPT)),
                              &last);
        if (r <= 0)
                return r;

        r = store_seal_deliveries(store, stage_id, (uint64_t) last);
        if (r < 0)
                return r;

        return store_write(
                        store, delete_sql,
                        VALUES(value_number(stage_id), value_number(last), value_number(GENERATIONS_KEPT)));
}

int queue_end(Store *store, const Deploy *deploy, DeployState state, const char *reason,
              uint64_t successor) {
        static const char sql[] = "UPDATE deploys SET state = ?2, reason = ?3, finished_at = ?4, "
                                  "superseded_by = nullif(?5, 0) WHERE id = ?1";
        uint64_t now = now_usec(CLOCK_REALTIME);
        int r;

        r = store_write(store, sql,
                        VALUES(value_id(deploy->id), value_text(deploy_state_to_string(state)),
                               value_text(reason), value_time(now), value_id(successor)));
        if (r < 0)
                return r;

        counts_add_deploy(&store->counts, deploy->state, -1);
        r = store_count_end(store, deploy, state, now);
        return r < 0 ? r : queue_prune(store, deploy->stage_id);
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

int queue_put_aside(Store *store, Deploy **queued, DeployState state, uint64_t successor, const char *what,
                    EnqueueResult *result) {
        Deploy *deploy = *queued;
        char *reason;
        int r;

        if (asprintf(&reason, "deploy %" PRIu64 "%s took its place", successor, what) < 0)
                return store_fail_text(store, -ENOMEM, "out of memory");

        free(deploy->reason);
        deploy->reason = reason;
        r = queue_end(store, deploy, state, reason, successor);
        if (r < 0)
                return r;

        deploy->state = state;
        deploy->finished_at = now_usec(CLOCK_REALTIME);
        deploy->superseded_by = successor;

        /* The list is the one row that a stage can have in its queue. */
        result->superseded = (DeployList){ .items = TAKE_PTR(*queued), .n = 1 };
        return 0;
}
