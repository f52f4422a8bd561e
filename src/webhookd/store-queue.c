/* SPDX-License-Identifier: MIT */
/*
 * The rules of the queue: what a push becomes, and how a row goes from queued to running and from there to
 * its end or back. Order is by id, never by time. Of a stage one row at most is queued, and one at most is
 * running.
 */
#include <sqlite3.h>

#include "shared/protocol.h"
#include "shared/time-util.h"
#include "webhookd/store-internal.h"

static_assert(REASON_MAX == 4096 && DEPLOY_ATTEMPTS_MAX == 5, "the schema has the same limits");

void enqueue_result_done(EnqueueResult *result) {
        assert(result);

        deploy_list_done(&result->superseded);
        *result = (EnqueueResult){ 0 };
}

/* Forgets the finished rows of a stage beyond DEPLOYS_KEPT. */
static int queue_prune(Store *store, int64_t stage_id) {
        static const char last_sql
                        [] = "SELECT id FROM deploys "
                             "WHERE stage_id = ?1 AND state NOT IN ('queued', 'running') "
                             "ORDER BY id DESC LIMIT 1 OFFSET ?2",
                delete_sql[] = "DELETE FROM deploys "
                               "WHERE stage_id = ?1 AND state NOT IN ('queued', 'running') AND id <= ?2";
        int64_t last;
        int r;

        r = store_read_number(store, last_sql, VALUES(value_number(stage_id), value_number(DEPLOYS_KEPT)),
                              &last);
        if (r <= 0)
                return r;

        r = store_seal_deliveries(store, stage_id, (uint64_t) last);
        if (r < 0)
                return r;

        return store_write(store, delete_sql, VALUES(value_number(stage_id), value_number(last)));
}

/* Ends a row that is queued or running. */
static int queue_end(Store *store, uint64_t id, int64_t stage_id, DeployState state, const char *reason) {
        static const char sql[] =
                        "UPDATE deploys SET state = ?2, reason = ?3, finished_at = ?4 WHERE id = ?1";
        int r;

        r = store_write(store, sql,
                        VALUES(value_id(id), value_text(deploy_state_to_string(state)), value_text(reason),
                               value_time(now_usec(CLOCK_REALTIME))));
        if (r < 0)
                return r;

        return queue_prune(store, stage_id);
}

/* The first REASON_MAX bytes of `text`, and no half of a character. */
static int reason_cut(Store *store, const char *text, char **ret) {
        size_t length = strnlen(strempty(text), REASON_MAX + 1);
        char *reason;

        if (length > REASON_MAX)
                for (length = REASON_MAX; length > 0 && ((unsigned char) text[length] & 0xC0) == 0x80;)
                        length--;

        reason = strndup(strempty(text), length);
        if (!reason)
                return store_fail_text(store, -ENOMEM, "out of memory");

        *ret = reason;
        return 0;
}

/* 1 where the key is known and answers for itself; 0 where the push goes on. */
static int enqueue_redelivered(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        DeployState state;
        uint64_t id;
        int r;

        if (!enqueue->delivery_id)
                return 0;

        r = store_prune_deliveries(store);
        if (r < 0)
                return r;

        r = store_find_delivery(store, enqueue, &id, &state);
        if (r <= 0)
                return r;

        if (!enqueue->delivery_id_is_final && state != DEPLOY_QUEUED && state != DEPLOY_RUNNING &&
            state != DEPLOY_SUCCEEDED && state != DEPLOY_UNCHANGED)
                return 0;

        result->verdict = ENQUEUE_REDELIVERED;
        result->deploy_id = id;
        result->state = state;
        return 1;
}

static bool push_joins_running(const Enqueue *enqueue, const Deploy *running) {
        if (!enqueue->digest)
                return !running->digest && streq(running->image, enqueue->image);

        return running->digest && streq(running->digest, enqueue->digest);
}

static int enqueue_insert(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        static const char sql[] = "INSERT INTO deploys(stage_id, image, digest, source, state, queued_at) "
                                  "VALUES(?1, ?2, ?3, ?4, 'queued', ?5)";
        uint64_t queued;
        int r;

        r = store_count_deploys(store, DEPLOY_QUEUED, &queued);
        if (r < 0)
                return r;
        if (queued >= enqueue->max_queued)
                return store_fail_text(store, -ENOBUFS, "the queue is full");

        r = store_write(store, sql,
                        VALUES(value_number(enqueue->stage_id), value_text(enqueue->image),
                               value_text(enqueue->digest), value_text(enqueue->source),
                               value_time(now_usec(CLOCK_REALTIME))));
        if (r < 0)
                return r;

        result->verdict = ENQUEUE_NEW;
        result->deploy_id = (uint64_t) sqlite3_last_insert_rowid(store->db);
        result->state = DEPLOY_QUEUED;
        return 0;
}

/* Puts the queued row of the stage aside for a newer push, and hands it to the result. */
static int enqueue_supersede(Store *store, Deploy **queued, EnqueueResult *result) {
        static const char reason[] = "a newer push took its place";
        Deploy *deploy = *queued;
        char *text;
        int r;

        r = queue_end(store, deploy->id, deploy->stage_id, DEPLOY_SUPERSEDED, reason);
        if (r < 0)
                return r;

        text = strdup(reason);
        if (!text)
                return store_fail_text(store, -ENOMEM, "out of memory");

        free(deploy->reason);
        deploy->reason = text;
        deploy->state = DEPLOY_SUPERSEDED;
        deploy->finished_at = now_usec(CLOCK_REALTIME);

        /* The list is the one row that a stage can have in its queue. */
        result->superseded = (DeployList){ .items = TAKE_PTR(*queued), .n = 1 };
        return 0;
}

/*
 * Coalesce and supersede. A push that joins the running row is the newest of the stage, too: what is queued
 * was pushed before it and must not be deployed after it.
 */
static int enqueue_push(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        _cleanup_(deploy_freep) Deploy *queued = NULL, *running = NULL;
        int r;

        r = store_find_queued(store, enqueue->stage_id, &queued);
        if (r >= 0)
                r = store_find_running(store, enqueue->stage_id, &running);
        if (r < 0)
                return r;

        result->verdict = ENQUEUE_JOINED;
        if (queued && streq(queued->image, enqueue->image)) {
                result->deploy_id = queued->id;
                result->state = DEPLOY_QUEUED;
                return 0;
        }

        if (queued) {
                r = enqueue_supersede(store, &queued, result);
                if (r < 0)
                        return r;
        }

        if (running && push_joins_running(enqueue, running)) {
                result->deploy_id = running->id;
                result->state = DEPLOY_RUNNING;
                return 0;
        }

        return enqueue_insert(store, enqueue, result);
}

static int enqueue_run(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        int r;

        r = enqueue_redelivered(store, enqueue, result);
        if (r != 0)
                return r;

        r = enqueue_push(store, enqueue, result);
        if (r < 0 || !enqueue->delivery_id)
                return r;

        return store_keep_delivery(store, enqueue, result->deploy_id);
}

int store_enqueue(Store *store, const Enqueue *enqueue, EnqueueResult *ret) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(step_undo) Step step = { 0 };
        int r;

        assert(store);
        assert(enqueue && enqueue->image && enqueue->source);
        assert(enqueue->hook || !enqueue->delivery_id);
        assert(ret);

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        r = enqueue_run(store, enqueue, &result);
        if (r < 0)
                return r;

        r = step_end(&step);
        if (r < 0)
                return r;

        *ret = result;
        result = (EnqueueResult){ 0 };
        return 0;
}

int store_start_deploy(Store *store, uint64_t id) {
        static const char sql[] =
                        "UPDATE deploys SET state = 'running', started_at = ?2 "
                        "WHERE id = ?1 AND state = 'queued' AND NOT EXISTS(SELECT 1 FROM deploys r "
                        "WHERE r.stage_id = deploys.stage_id AND r.state = 'running')";

        assert(store);

        return store_write(store, sql, VALUES(value_id(id), value_time(now_usec(CLOCK_REALTIME))));
}

int store_resolve_deploy(Store *store, uint64_t id, const char *digest) {
        /* A digest that the push named stands. */
        static const char sql[] = "UPDATE deploys SET digest = ?2 "
                                  "WHERE id = ?1 AND state = 'running' AND instr(image, '@') = 0";

        assert(store);
        assert(digest);

        return store_write(store, sql, VALUES(value_id(id), value_text(digest)));
}

/* 1 with the row if it is running. */
static int queue_find_running(Store *store, uint64_t id, Deploy **ret) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        int r;

        r = store_find_deploy(store, id, &deploy);
        if (r < 0)
                return r;

        r = deploy && deploy->state == DEPLOY_RUNNING;
        *ret = TAKE_PTR(deploy);
        return r;
}

int store_finish_deploy(Store *store, uint64_t id, DeployState state, const char *reason) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        _cleanup_free_ char *text = NULL;
        int r;

        assert(store);
        assert(deploy_state_is_final(state));

        r = reason_cut(store, reason, &text);
        if (r < 0)
                return r;

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        r = queue_find_running(store, id, &deploy);
        if (r <= 0)
                return r;

        r = queue_end(store, id, deploy->stage_id, state, text);
        if (r < 0)
                return r;

        r = step_end(&step);
        return r < 0 ? r : 1;
}

static int queue_return(Store *store, const Deploy *deploy, unsigned attempts) {
        static const char sql[] = "UPDATE deploys SET state = 'queued', attempts = ?2, started_at = 0, "
                                  "digest = iif(instr(image, '@') > 0, digest, NULL) WHERE id = ?1";

        return store_write(store, sql, VALUES(value_id(deploy->id), value_number(attempts)));
}

static int queue_set_attempts(Store *store, const Deploy *deploy, unsigned attempts) {
        static const char sql[] = "UPDATE deploys SET attempts = ?2 WHERE id = ?1";

        return store_write(store, sql, VALUES(value_id(deploy->id), value_number(attempts)));
}

static int requeue_run(Store *store, const Deploy *deploy, bool counts, const char *reason,
                       RequeueVerdict *ret_verdict) {
        unsigned attempts = deploy->attempts + (counts && deploy->attempts < DEPLOY_ATTEMPTS_MAX);
        _cleanup_(deploy_freep) Deploy *newer = NULL;
        int r;

        r = store_find_queued(store, deploy->stage_id, &newer);
        if (r < 0)
                return r;

        *ret_verdict = attempts >= DEPLOY_ATTEMPTS_MAX ? REQUEUE_EXHAUSTED
                                                       : (newer ? REQUEUE_SUPERSEDED : REQUEUE_QUEUED);
        if (*ret_verdict == REQUEUE_QUEUED)
                return queue_return(store, deploy, attempts);

        r = queue_set_attempts(store, deploy, attempts);
        if (r < 0)
                return r;

        return queue_end(store, deploy->id, deploy->stage_id,
                         *ret_verdict == REQUEUE_EXHAUSTED ? DEPLOY_FAILED : DEPLOY_SUPERSEDED, reason);
}

int store_requeue_deploy(Store *store, uint64_t id, bool counts, const char *reason,
                         RequeueVerdict *ret_verdict) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        _cleanup_free_ char *text = NULL;
        RequeueVerdict verdict;
        int r;

        assert(store);
        assert(ret_verdict);

        r = reason_cut(store, reason, &text);
        if (r < 0)
                return r;

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        r = queue_find_running(store, id, &deploy);
        if (r < 0)
                return r;
        if (r == 0) {
                *ret_verdict = deploy && deploy->state == DEPLOY_QUEUED ? REQUEUE_QUEUED
                                                                        : REQUEUE_SUPERSEDED;
                return 0;
        }

        r = requeue_run(store, deploy, counts, text, &verdict);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret_verdict = verdict;
        return 1;
}
