/* SPDX-License-Identifier: MIT */
/*
 * How a row of the queue goes on: from queued to running, and from there to its end or back. How it came to be is in
 * enqueue.c.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/push.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"
#include "webhookd/store/watch-internal.h"

static_assert(REASON_MAX == 4096 && DEPLOY_ATTEMPTS_MAX == 5, "the schema has the same limits");

/* The first REASON_MAX bytes of `text`, and no half of a character. */
static int reason_cut(Store *store, const char *text, char **ret) {
        char *reason;

        reason = strndup(strempty(text), (size_t) utf8_cut(strempty(text), REASON_MAX));
        if (!reason)
                return store_fail_text(store, -ENOMEM, "out of memory");

        *ret = reason;
        return 0;
}

static void deploy_moved(Store *store, DeployState from, DeployState to) {
        counts_add_deploy(&store->counts, from, -1);
        counts_add_deploy(&store->counts, to, +1);
}

int store_start_deploy(Store *store, uint64_t id) {
        static const char sql[] =
                        "UPDATE deploys SET state = 'running', started_at = ?2, tries = tries + 1, reason = '', next_at = 0, took = NULL, watch_span = 0 "
                        "WHERE id = ?1 AND state = 'queued' AND NOT EXISTS(SELECT 1 FROM deploys r "
                        "WHERE r.stage_id = deploys.stage_id AND r.state = 'running')";
        int r;

        assert(store);

        r = store_write(store, sql, VALUES(value_id(id), value_time(now_usec(CLOCK_REALTIME))));
        if (r > 0)
                deploy_moved(store, DEPLOY_QUEUED, DEPLOY_RUNNING);

        return r;
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

/*
 * A running row ended. If pushes joined it before its digest was known, one more row of its image follows, unless
 * a newer one waits already. The pushes were accepted, so that a full queue is no reason.
 */
static int queue_follow(Store *store, const Deploy *ended, uint64_t *ret_again) {
        const Asker asker = deploy_asker(ended);
        EnqueueResult result = { 0 };
        uint64_t waits;
        int r;

        if (!ended->again)
                return 0;

        r = queue_look_for_id(store, ended->stage_id, &waits);
        if (r < 0 || waits > 0)
                return r;

        r = queue_insert(store,
                         &(Enqueue){ .stage_id = ended->stage_id,
                                     .image = ended->image,
                                     .source = ended->source,
                                     .local = ended->local,
                                     .asker = &asker,
                                     .max_queued = UINT_MAX },
                         &result);
        if (r >= 0)
                r = store_copy_pushes(store, ended->id, result.deploy_id);
        if (r < 0)
                return r;

        *ret_again = result.deploy_id;
        return 0;
}

int store_finish_deploy(Store *store, uint64_t id, DeployState state, const char *reason,
                        uint64_t *ret_again) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        _cleanup_free_ char *text = NULL;
        uint64_t again = 0;
        int r;

        assert(store);
        assert(deploy_state_is_final(state));
        assert(ret_again);

        *ret_again = 0;

        r = reason_cut(store, reason, &text);
        if (r < 0)
                return r;

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        r = queue_find_running(store, id, &deploy);
        if (r <= 0)
                return r;

        r = queue_end_deploy(store, deploy, state, text, 0);
        if (r >= 0 && state == DEPLOY_SUCCEEDED)
                r = watch_begin(store, deploy);
        if (r >= 0)
                r = queue_follow(store, deploy, &again);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret_again = again;
        return 1;
}

/* A failure of a row that is still running, as it is noted. */
typedef struct Failure {
        unsigned attempts;
        uint64_t retry_since;
        uint64_t next_at;
        bool exhausted;
        const char *reason;
} Failure;

/* The clock of the day may have been set back meanwhile: then the time begins anew. */
static Failure failure_judge(const Deploy *deploy, const Requeue *requeue, const char *reason) {
        uint64_t now = now_usec(CLOCK_REALTIME);
        Failure failure = {
                .attempts = deploy->attempts,
                .retry_since = deploy->retry_since,
                .next_at = now + requeue->delay_usec,
                .reason = reason,
        };

        if (requeue->bound == REQUEUE_BOUND_ATTEMPTS && failure.attempts < DEPLOY_ATTEMPTS_MAX)
                failure.attempts++;
        if (requeue->bound == REQUEUE_BOUND_TIME && (failure.retry_since == 0 || failure.retry_since > now))
                failure.retry_since = now;

        failure.exhausted = failure.attempts >= DEPLOY_ATTEMPTS_MAX ||
                            (requeue->bound == REQUEUE_BOUND_TIME &&
                             now - failure.retry_since >= requeue->retry_for_usec);
        return failure;
}

static int queue_return(Store *store, const Deploy *deploy, const Failure *failure) {
        static const char sql[] =
                        "UPDATE deploys SET state = 'queued', reason = ?2, next_at = ?3, started_at = 0, again = 0, "
                        "digest = iif(instr(image, '@') > 0, digest, NULL) WHERE id = ?1";
        int r;

        r = store_write(store, sql,
                        VALUES(value_id(deploy->id), value_text(failure->reason),
                               value_time(failure->next_at)));
        if (r > 0)
                deploy_moved(store, DEPLOY_RUNNING, DEPLOY_QUEUED);

        return r;
}

static int queue_note_failure(Store *store, const Deploy *deploy, const Failure *failure) {
        static const char sql[] = "UPDATE deploys SET attempts = ?2, retry_since = ?3 WHERE id = ?1";

        return store_write(store, sql,
                           VALUES(value_id(deploy->id), value_number(failure->attempts),
                                  value_time(failure->retry_since)));
}

DeployState requeue_state(RequeueVerdict verdict) {
        switch (verdict) {
        case REQUEUE_QUEUED:
                return DEPLOY_QUEUED;
        case REQUEUE_SUPERSEDED:
                return DEPLOY_SUPERSEDED;
        case REQUEUE_EXHAUSTED:
                return DEPLOY_FAILED;
        case REQUEUE_UNDO:
                return DEPLOY_RUNNING;
        case REQUEUE_CANCELLED:
                return DEPLOY_CANCELLED;
        }

        return DEPLOY_FAILED;
}

static RequeueVerdict requeue_judge(const Deploy *deploy, bool exhausted, bool newer) {
        /* What comes after it may fail before it has put anything right: the undoing comes first. */
        if (deploy->cancel)
                return exhausted ? REQUEUE_CANCELLED : REQUEUE_UNDO;

        return exhausted ? REQUEUE_EXHAUSTED : newer ? REQUEUE_SUPERSEDED : REQUEUE_QUEUED;
}

/* Says why it did not go on, and why it was tried at all. */
static int requeue_supersede(Store *store, const Deploy *deploy, uint64_t newer, const char *failure) {
        _cleanup_free_ char *text = NULL, *reason = NULL;
        int r;

        if (asprintf(&text, "deploy %" PRIu64 " took its place; its last attempt: %s", newer, failure) < 0) {
                text = NULL;
                return store_fail_text(store, -ENOMEM, "out of memory");
        }

        r = reason_cut(store, text, &reason);
        return r < 0 ? r : queue_end_deploy(store, deploy, DEPLOY_SUPERSEDED, reason, newer);
}

typedef struct Decision {
        RequeueVerdict verdict;
        uint64_t newer; /* the deploy that waits in the same stage, or 0 */
} Decision;

/* What becomes of a failed row, which comes after all that is newer. */
static int requeue_decide(Store *store, const Deploy *deploy, const Failure *failure, Decision *ret) {
        uint64_t newer;
        int r;

        r = queue_look_for_id(store, deploy->stage_id, &newer);
        if (r < 0)
                return r;

        *ret = (Decision){
                .verdict = requeue_judge(deploy, failure->exhausted, newer > 0),
                .newer = newer,
        };
        return 0;
}

static int requeue_run(Store *store, const Deploy *deploy, const Failure *failure, const Decision *decision,
                       uint64_t *ret_again) {
        int r;

        r = queue_note_failure(store, deploy, failure);
        if (r < 0)
                return r;
        if (decision->verdict == REQUEUE_QUEUED)
                return queue_return(store, deploy, failure);
        if (decision->verdict == REQUEUE_UNDO)
                return 0;

        if (decision->verdict == REQUEUE_SUPERSEDED)
                r = requeue_supersede(store, deploy, decision->newer, failure->reason);
        else
                r = queue_end_deploy(store, deploy, requeue_state(decision->verdict), failure->reason, 0);
        if (r < 0)
                return r;

        return queue_follow(store, deploy, ret_again);
}

int store_requeue_deploy(Store *store, uint64_t id, const Requeue *requeue, RequeueVerdict *ret_verdict,
                         uint64_t *ret_again) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        _cleanup_free_ char *text = NULL;
        Decision decision = { 0 };
        uint64_t again = 0;
        Failure failure;
        int r;

        assert(store);
        assert(requeue);
        assert(ret_verdict);
        assert(ret_again);

        *ret_again = 0;

        r = reason_cut(store, requeue->reason, &text);
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

        failure = failure_judge(deploy, requeue, text);
        r = requeue_decide(store, deploy, &failure, &decision);
        if (r < 0)
                return r;

        r = requeue_run(store, deploy, &failure, &decision, &again);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret_verdict = decision.verdict;
        *ret_again = again;
        return 1;
}
