/* SPDX-License-Identifier: MIT */
/*
 * Going back, and calling off: the rows that a rollback makes, and the cancelling of rows. A generation is a version that
 * ran; it is known by the id of the deploy that brought it first.
 */
#include "webhookd/store/rollback.h"
#include "shared/protocol.h"
#include "webhookd/store/census.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

/* What a rollback goes back to. */
typedef struct Target {
        uint64_t generation;
        char *image;
        char *digest;
        bool local;
} Target;

static void target_done(Target *target) {
        free(target->image);
        free(target->digest);
}

/* 1 with the newest version below the one that runs, 0 where there is none. */
static int target_find(Store *store, int64_t stage_id, Target *ret) {
        static const char sql[] =
                        "WITH now(id, digest) AS (SELECT ifnull(generation, id), digest FROM deploys " GENERATION_ROWS
                        "ORDER BY deploys.id DESC LIMIT 1) "
                        "SELECT ifnull(d.generation, d.id), "
                        "iif(instr(d.image, '@') > 0, substr(d.image, 1, instr(d.image, '@') - 1), d.image) "
                        "|| '@' || d.digest, d.digest, d.local FROM deploys d, now "
                        "WHERE d.stage_id = ?1 AND d.state = 'succeeded' AND d.id < now.id "
                        "AND d.digest IS NOT NULL AND d.digest IS NOT now.digest AND d.watch IS NOT 'failed' ORDER BY d.id DESC LIMIT 1";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        Target target = { 0 };
        Row row = { 0 };
        int r;

        r = store_query(store, sql, VALUES(value_number(stage_id)), &statement);
        if (r < 0)
                return r;

        r = store_step(store, statement);
        if (r <= 0)
                return r;

        row.statement = statement;
        target.generation = row_number(&row, INT64_MAX);
        target.image = row_text(&row);
        target.digest = row_text(&row);
        target.local = row_number(&row, 1);
        r = row_end(store, &row);
        if (r < 0) {
                target_done(&target);
                return r;
        }

        *ret = target;
        return 1;
}

static int rollback_queue(Store *store, int64_t stage_id, const Target *target, const char *source,
                          const Asker *asker, unsigned max_queued, EnqueueResult *result) {
        _cleanup_(queue_row_done) QueueRow queued = { 0 }, running = { 0 };
        uint64_t successor;
        int r;

        r = queue_look(store, stage_id, &queued, &running);
        if (r >= 0)
                r = store_next_deploy_id(store, &successor);
        if (r >= 0 && queued.id > 0)
                r = queue_put_aside(store, &queued, DEPLOY_CANCELLED, successor, ", a rollback,", result);
        if (r < 0)
                return r;

        r = queue_insert(store,
                         &(Enqueue){ .stage_id = stage_id,
                                     .image = target->image,
                                     .digest = target->digest,
                                     .source = source,
                                     .generation = target->generation,
                                     .local = target->local,
                                     .asker = asker,
                                     .max_queued = max_queued },
                         result);
        return r < 0 ? r : queue_forget_joins(store, stage_id);
}

int rollback_enqueue(Store *store, int64_t stage_id, const char *source, const Asker *asker,
                     unsigned max_queued, EnqueueResult *result) {
        _cleanup_(target_done) Target target = { 0 };
        int r;

        assert(store);
        assert(source);
        assert(result);

        r = target_find(store, stage_id, &target);
        if (r <= 0)
                return r;

        r = rollback_queue(store, stage_id, &target, source, asker, max_queued, result);
        return r < 0 ? r : 1;
}

int store_enqueue_rollback(Store *store, int64_t stage_id, bool hold, const Asker *asker,
                           unsigned max_queued, EnqueueResult *ret) {
        static const char hold_sql[] = "UPDATE stages SET auto_deploy = 0 WHERE id = ?1";
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(step_undo) Step step = { 0 };
        int r;

        assert(store);
        assert(ret);

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        r = rollback_enqueue(store, stage_id, SOURCE_ROLLBACK, asker, max_queued, &result);
        if (r <= 0)
                return r;

        if (hold)
                r = store_write(store, hold_sql, VALUES(value_number(stage_id)));
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret = result;
        result = (EnqueueResult){ 0 };
        return 1;
}

int store_mark_cancel(Store *store, uint64_t id, bool cancel) {
        /* From the first time on its attempts are those of undoing. */
        static const char sql[] = "UPDATE deploys SET cancel = ?2, "
                                  "attempts = iif(?2 AND NOT cancel, 0, attempts), "
                                  "retry_since = iif(?2 AND NOT cancel, 0, retry_since) "
                                  "WHERE id = ?1 AND state = 'running'";

        assert(store);

        return store_write(store, sql, VALUES(value_id(id), value_number(cancel)));
}

static int cancel_run(Store *store, const Deploy *deploy, const char *reason, CancelVerdict *ret_verdict) {
        if (!deploy)
                *ret_verdict = CANCEL_UNKNOWN;
        else if (deploy_state_is_final(deploy->state))
                *ret_verdict = CANCEL_FINISHED;
        else if (deploy->state == DEPLOY_RUNNING) {
                *ret_verdict = CANCEL_RUNNING;
                return store_mark_cancel(store, deploy->id, true);
        } else {
                *ret_verdict = CANCEL_DONE;
                return queue_end_deploy(store, deploy, DEPLOY_CANCELLED, reason, 0);
        }

        return 0;
}

int store_cancel_deploy(Store *store, uint64_t id, const char *reason, CancelVerdict *ret_verdict,
                        Deploy **ret) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        CancelVerdict verdict;
        int r;

        assert(store);
        assert(reason);
        assert(ret_verdict);
        assert(ret);

        r = step_begin(&step, store);
        if (r >= 0)
                r = store_find_deploy(store, id, &deploy);
        if (r >= 0)
                r = cancel_run(store, deploy, reason, &verdict);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret_verdict = verdict;
        *ret = TAKE_PTR(deploy);
        return 0;
}
