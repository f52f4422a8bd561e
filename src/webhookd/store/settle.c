/* SPDX-License-Identifier: MIT */
/*
 * What follows for rows that wait, once something that they have waited for has ended. It is settled between two requests, in a step of
 * its own: the marks of awaited.c stay until then, so a daemon that dies before it does so at its next start.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/protocol.h"
#include "shared/utf8.h"
#include "webhookd/store/awaited.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/items.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"
#include "webhookd/store/waits.h"

/* The next one that waits for something that has ended: 1, or 0. */
static int ended_find(Store *store, uint64_t *ret_deploy, uint64_t *ret_after) {
        static const char deploy_sql[] = "SELECT deploy_id FROM awaited WHERE ended = 1 "
                                         "ORDER BY deploy_id, after_id LIMIT 1",
                          after_sql[] = "SELECT after_id FROM awaited WHERE ended = 1 AND deploy_id = ?1 "
                                        "ORDER BY after_id LIMIT 1";
        int64_t deploy = 0, after = 0;
        int r;

        r = store_read_number(store, deploy_sql, NO_VALUES, &deploy);
        if (r > 0)
                r = store_read_number(store, after_sql, VALUES(value_number(deploy)), &after);
        if (r <= 0)
                return r;

        *ret_deploy = (uint64_t) deploy;
        *ret_after = (uint64_t) after;
        return 1;
}

/*
 * The row in which what was waited for goes on: the one that took its place in the queue, or the one that looks again at what joined
 * it. 1, or 0.
 */
static int find_successor(Store *store, const Deploy *ended, uint64_t *ret) {
        _cleanup_(deploy_freep) Deploy *queued = NULL;
        int r;

        if (ended->state == DEPLOY_SUPERSEDED) {
                *ret = ended->superseded_by;
                return *ret > 0;
        }
        if (!ended->again)
                return 0;

        r = store_find_queued(store, ended->stage_id, &queued);
        if (r <= 0 || !streq(queued->image, ended->image))
                return r < 0 ? r : 0;

        *ret = queued->id;
        return 1;
}

/* What has become of the deploy with that id, wherever it went on. `*ret` is NULL where that was forgotten. */
static int find_end(Store *store, uint64_t id, Deploy **ret) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        int r;

        for (;;) {
                deploy = deploy_free(deploy);
                r = store_find_deploy(store, id, &deploy);
                if (r > 0 && deploy_state_is_final(deploy->state))
                        r = find_successor(store, deploy, &id);
                else
                        break;
                if (r <= 0)
                        break;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(deploy);
        return 0;
}

/* A row that is put aside, since what it waited for came to nothing. */
static int put_aside(Store *store, Deploy *deploy, const Deploy *failed) {
        char *reason;
        int r;

        if (asprintf(&reason, "%s: deploy %" PRIu64 " (%s/%s) %s%s%s",
                     ERROR_DEPENDENCY_FAILED + strlen(ERROR_PREFIX), failed->id, failed->project,
                     failed->stage, deploy_state_to_string(failed->state),
                     isempty(failed->reason) ? "" : ": ", failed->reason) < 0)
                return store_fail_text(store, -ENOMEM, "out of memory");

        reason[utf8_cut(reason, REASON_MAX)] = '\0';
        free(deploy->reason);
        deploy->reason = reason;
        r = queue_end_deploy(store, deploy, DEPLOY_CANCELLED, reason, 0);
        if (r < 0)
                return r;

        deploy->state = DEPLOY_CANCELLED;
        return awaited_drop(store, deploy->id);
}

static int list_add(Store *store, DeployList *list, Deploy **deploy) {
        Deploy *grown = items_grow(list->items, list->n, sizeof(*grown));

        if (!grown)
                return store_fail_text(store, -ENOMEM, "out of memory");

        list->items = grown;
        grown[list->n++] = **deploy;
        free(TAKE_PTR(*deploy));
        return 0;
}

static bool came_up(DeployState state) {
        return state == DEPLOY_SUCCEEDED || state == DEPLOY_UNCHANGED || state == DEPLOY_SUPERSEDED;
}

/* One that waits, and one of those that it has waited for. */
static int settle_one(Store *store, uint64_t id, uint64_t after, DeployList *list) {
        static const char sql[] = "DELETE FROM awaited WHERE deploy_id = ?1 AND after_id = ?2";
        _cleanup_(deploy_freep) Deploy *deploy = NULL, *end = NULL;
        int r;

        r = store_write(store, sql, VALUES(value_id(id), value_id(after)));
        if (r >= 0)
                r = store_find_deploy(store, id, &deploy);
        if (r >= 0)
                r = find_end(store, after, &end);
        if (r < 0)
                return r;
        if (!deploy || deploy->state != DEPLOY_QUEUED)
                return 0;

        if (end && !deploy_state_is_final(end->state))
                r = awaited_add(store, id, end->id);
        else if (end && !came_up(end->state)) {
                r = put_aside(store, deploy, end);
                return r < 0 ? r : list_add(store, list, &deploy);
        }
        return r < 0 ? r : awaited_tell(store, id);
}

static int settle(Store *store, DeployList *list) {
        uint64_t deploy, after;
        int r;

        while ((r = ended_find(store, &deploy, &after)) > 0) {
                r = settle_one(store, deploy, after, list);
                if (r < 0)
                        return r;
                store->released = true;
        }

        return r;
}

int store_settle_awaited(Store *store, DeployList *ret) {
        _cleanup_(deploy_list_done) DeployList list = { 0 };
        _cleanup_(step_undo) Step step = { 0 };
        uint64_t deploy, after;
        int r;

        assert(store);
        assert(ret);

        r = awaited_is_used(store);
        if (r > 0)
                r = ended_find(store, &deploy, &after);
        if (r > 0)
                r = step_begin(&step, store);
        if (r < 0)
                return r;

        if (step.store) {
                r = settle(store, &list);
                if (r >= 0)
                        r = step_end(&step);
                if (r < 0)
                        return r;
        }

        r = store->released;
        store->released = false;
        *ret = list;
        list = (DeployList){ 0 };
        return r;
}
