/* SPDX-License-Identifier: MIT */
/*
 * The rules of the queue: what a push becomes. Order is by id, never by time. Of a stage one row at most is queued, and
 * one at most is running. How a row goes on from there is in outcome.c, and what both do to the queue in queue.c.
 */
#include "webhookd/store/census.h"
#include "webhookd/store/delivery.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/push.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

void enqueue_result_done(EnqueueResult *result) {
        assert(result);

        free(result->aside.image);
        *result = (EnqueueResult){ 0 };
}

/* 1 where the key is known and answers for itself; 0 where the push goes on. */
static int enqueue_redelivered(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        DeployState state;
        uint64_t id;
        int r;

        if (!enqueue->delivery_id)
                return 0;

        r = store_prune_deliveries_in_time(store);
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

static bool push_joins_running(const Enqueue *enqueue, const QueueRow *running) {
        if (running->id == 0)
                return false;

        /*
         * What is called off was called off before this push; and what runs may find that there is nothing to replace. What comes after
         * another project's deploy may not be in one that has begun before that.
         */
        if (running->cancel || enqueue->force || running->local != enqueue->local)
                return false;
        if (!enqueue->digest)
                return !enqueue->comes_after && !running->digest && streq(running->image, enqueue->image);

        return running->digest && streq(running->digest, enqueue->digest);
}

/*
 * The deployer may have asked the registry before this push, and not have told us yet: whether the push is in what
 * it deploys is not known. Its answer stands, and one more deploy of the same image settles the rest.
 */
static int queue_remember_join(Store *store, uint64_t id) {
        static const char sql[] = "UPDATE deploys SET again = 1 WHERE id = ?1";
        int r;

        r = store_write(store, sql, VALUES(value_id(id)));
        return r < 0 ? r : 0;
}

static int queue_force(Store *store, uint64_t id) {
        static const char sql[] = "UPDATE deploys SET force = 1 WHERE id = ?1";
        int r;

        r = store_write(store, sql, VALUES(value_id(id)));
        return r < 0 ? r : 0;
}

/*
 * Coalesce and supersede. A push that joins the running row is the newest of the stage, too: what is queued
 * was pushed before it and must not be deployed after it.
 */
static int enqueue_push(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        _cleanup_(queue_row_done) QueueRow queued = { 0 }, running = { 0 };
        uint64_t successor;
        bool joins;
        int r;

        r = queue_look(store, enqueue->stage_id, &queued, &running);
        if (r < 0)
                return r;

        result->verdict = ENQUEUE_JOINED;
        if (queued.id > 0 && queued.local == enqueue->local && streq(queued.image, enqueue->image)) {
                result->deploy_id = queued.id;
                result->state = DEPLOY_QUEUED;
                return enqueue->force ? queue_force(store, queued.id) : 0;
        }

        joins = push_joins_running(enqueue, &running);
        if (joins)
                successor = running.id;
        else
                r = store_next_deploy_id(store, &successor);
        if (r >= 0 && queued.id > 0)
                r = queue_put_aside(store, &queued, DEPLOY_SUPERSEDED, successor, "", result);
        if (r < 0)
                return r;

        if (joins) {
                result->deploy_id = running.id;
                result->state = DEPLOY_RUNNING;
                return running.digest ? 0 : queue_remember_join(store, running.id);
        }

        r = queue_insert(store, enqueue, result);
        return r < 0 || !running.again ? r : queue_forget_joins(store, enqueue->stage_id);
}

static int enqueue_run(Store *store, const Enqueue *enqueue, EnqueueResult *result) {
        int r;

        r = enqueue_redelivered(store, enqueue, result);
        if (r != 0)
                return r;

        if (enqueue->only_known) {
                result->verdict = ENQUEUE_LEFT;
                return 0;
        }

        r = enqueue_push(store, enqueue, result);
        if (r >= 0 && enqueue->hook && enqueue->pushed_at > 0)
                r = store_keep_push(store, enqueue, result->deploy_id);
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
