/* SPDX-License-Identifier: MIT */
/*
 * Watching on: what is watched, how it ends, and what follows. A verdict and the deploy that it leads to are one transaction, and a verdict is
 * of a row that is watched: so the version before is brought back once, however often it is told.
 */
#include "webhookd/store/watch.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "shared/protocol.h"
#include "shared/utf8.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/rollback.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"
#include "webhookd/store/watch-internal.h"

/* Bytes that are left for what follows, in a reason. */
#define WATCH_FOLLOWS_MAX 128U

int store_note_watch(Store *store, uint64_t id, uint64_t usec) {
        static const char sql[] = "UPDATE deploys SET watch_span = ?2 WHERE id = ?1 AND state = 'running'";

        assert(store);
        assert(usec <= WATCH_MAX_USEC);

        return store_write(store, sql, VALUES(value_id(id), value_time(usec)));
}

int store_list_watched(Store *store, DeployList *ret) {
        return deploy_list_watched(store, ret);
}

static int watch_count(Store *store, int64_t stage_id, WatchState state) {
        static const char sql[] = "INSERT INTO watch_counters(stage_id, verdict, n) VALUES(?1, ?2, 1) "
                                  "ON CONFLICT DO UPDATE SET n = n + 1";

        return store_write(store, sql,
                           VALUES(value_number(stage_id), value_text(watch_state_to_string(state))));
}

static int watch_set(Store *store, const Deploy *deploy, WatchState state, const char *reason) {
        static const char sql[] = "UPDATE deploys SET watch = ?2, watch_reason = ?3 WHERE id = ?1";
        int r;

        r = store_write(store, sql,
                        VALUES(value_id(deploy->id), value_text(watch_state_to_string(state)),
                               value_text(reason)));
        return r < 0 ? r : watch_count(store, deploy->stage_id, state);
}

static int watch_replace(Store *store, const Deploy *by) {
        static const char sql[] = "UPDATE deploys SET watch = 'replaced', watch_reason = ?2 "
                                  "WHERE stage_id = ?1 AND watch = 'watching'";
        char reason[64];
        int r;

        (void) snprintf(reason, sizeof(reason), "deploy %" PRIu64 " took its place", by->id);
        r = store_write(store, sql, VALUES(value_number(by->stage_id), value_text(reason)));
        return r <= 0 ? r : watch_count(store, by->stage_id, WATCH_REPLACED);
}

int watch_begin(Store *store, const Deploy *deploy) {
        /* What brings a version back is not watched: there is nothing that it could give way to but what it has replaced. */
        static const char sql[] =
                        "UPDATE deploys SET watch = 'watching', watch_until = finished_at + watch_span "
                        "WHERE id = ?1 AND watch_span > 0 AND source <> 'watch'";
        int r;

        r = watch_replace(store, deploy);
        if (r >= 0)
                r = store_write(store, sql, VALUES(value_id(deploy->id)));
        return r < 0 ? r : 0;
}

/* "it exited with status 3 and was restarted; deploy 9 brings back what deploy 5 had". */
static int watch_describe(Store *store, const char *reason, WatchState state, uint64_t back,
                          uint64_t generation, char **ret) {
        char follows[WATCH_FOLLOWS_MAX] = "";
        char *text = NULL;

        if (state == WATCH_FAILED && back == 0)
                (void) snprintf(follows, sizeof(follows), "; there is no version before it to bring back");
        else if (state == WATCH_FAILED)
                (void) snprintf(follows, sizeof(follows),
                                "; deploy %" PRIu64 " brings back what deploy %" PRIu64 " had", back,
                                generation);

        if (asprintf(&text, "%.*s%s", utf8_cut(reason, REASON_MAX - WATCH_FOLLOWS_MAX), reason, follows) < 0)
                return store_fail_text(store, -ENOMEM, "out of memory");

        *ret = text;
        return 0;
}

/* Queues what comes in its place. `*ret_back` and `*ret_generation` stay 0 where there is nothing. */
static int watch_go_back(Store *store, const Deploy *deploy, uint64_t *ret_back, uint64_t *ret_generation) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(deploy_freep) Deploy *back = NULL;
        int r;

        r = rollback_enqueue(store, deploy->stage_id, SOURCE_WATCH, /* asker= */ NULL, UINT_MAX, &result);
        if (r > 0)
                r = store_find_deploy(store, result.deploy_id, &back);
        if (r <= 0)
                return r;

        *ret_back = back->id;
        *ret_generation = back->generation;
        return 0;
}

/* Whether a deploy of the stage waits or runs. */
static int stage_is_busy(Store *store, int64_t stage_id) {
        _cleanup_(queue_row_done) QueueRow queued = { 0 }, running = { 0 };
        int r;

        r = queue_look(store, stage_id, &queued, &running);
        return r < 0 ? r : queued.id > 0 || running.id > 0;
}

static int watch_judge(Store *store, const Deploy *deploy, WatchVerdict *ret) {
        int r = 0;

        if (!deploy || deploy->watch.state != WATCH_WATCHING) {
                *ret = WATCH_VERDICT_OVER;
                return 0;
        }

        r = stage_is_busy(store, deploy->stage_id);
        if (r < 0)
                return r;

        *ret = r > 0 ? WATCH_VERDICT_LATER : WATCH_VERDICT_DONE;
        return 0;
}

int store_end_watch(Store *store, uint64_t id, WatchState state, const char *reason,
                    WatchVerdict *ret_verdict, uint64_t *ret_back, char **ret_reason) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        _cleanup_free_ char *text = NULL;
        uint64_t back = 0, generation = 0;
        WatchVerdict verdict = WATCH_VERDICT_OVER;
        int r;

        assert(store);
        assert(state == WATCH_HELD || state == WATCH_FAILED || state == WATCH_GONE);
        assert(reason);
        assert(ret_verdict);
        assert(ret_back);
        assert(ret_reason);

        r = step_begin(&step, store);
        if (r >= 0)
                r = store_find_deploy(store, id, &deploy);
        if (r >= 0)
                r = watch_judge(store, deploy, &verdict);
        if (r >= 0 && verdict == WATCH_VERDICT_DONE) {
                if (state == WATCH_FAILED)
                        r = watch_go_back(store, deploy, &back, &generation);
                if (r >= 0)
                        r = watch_describe(store, reason, state, back, generation, &text);
                if (r >= 0)
                        r = watch_set(store, deploy, state, text);
        }
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret_verdict = verdict;
        *ret_back = back;
        *ret_reason = TAKE_PTR(text);
        return 0;
}

int store_find_failed_digest(Store *store, int64_t stage_id, uint64_t before, char **ret) {
        /* A restart and what a watch or a person brought back leave the stage where it was before the failed one. */
        static const char sql[] =
                        "SELECT f.digest FROM deploys f WHERE f.stage_id = ?1 AND f.watch = 'failed' AND f.id < ?2 "
                        "AND f.digest IS NOT NULL AND NOT EXISTS(SELECT 1 FROM deploys n WHERE n.stage_id = ?1 "
                        "AND n.id > f.id AND n.id < ?2 AND n.source IN ('webhook', 'manual', 'promote') "
                        "AND (n.state IN ('queued', 'running', 'succeeded') "
                        "OR (n.state = 'unchanged' AND n.digest IS NOT f.digest))) "
                        "ORDER BY f.id DESC LIMIT 1";
        uint64_t end = before < INT64_MAX ? before : INT64_MAX;

        assert(store);
        assert(ret);

        return store_read_text(store, sql, VALUES(value_number(stage_id), value_id(end)), ret);
}
