/* SPDX-License-Identifier: MIT */
/*
 * Which deploys wait for which: the rows of one delivery, where a project comes after another. A row that waits is queued, and not
 * handed out. What is waited for ends in queue.c, which leaves a mark here; what follows of that is in settle.c.
 */

#include "webhookd/store/awaited.h"
#include "shared/protocol.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"
#include "webhookd/store/waits.h"

/* Where no project comes after another, nothing is looked for more than once. */
int awaited_is_used(Store *store) {
        static const char sql[] = "SELECT EXISTS(SELECT 1 FROM awaited)";
        int64_t some = 0;
        int r;

        if (store->counts.nobody_waits)
                return 0;

        r = store_read_number(store, sql, NO_VALUES, &some);
        if (r < 0)
                return r;

        store->counts.nobody_waits = some == 0;
        return some != 0;
}

int awaited_end(Store *store, uint64_t deploy) {
        static const char sql[] = "UPDATE awaited SET ended = 1 WHERE after_id = ?1";
        int r;

        r = awaited_is_used(store);
        return r <= 0 ? r : store_write(store, sql, VALUES(value_id(deploy)));
}

int awaited_copy(Store *store, uint64_t from, uint64_t to) {
        static const char sql[] =
                        "INSERT INTO awaited(deploy_id, after_id, stage_id, after_stage_id, ended) "
                        "SELECT ?2, after_id, stage_id, after_stage_id, ended FROM awaited WHERE deploy_id = ?1";
        int r;

        r = awaited_is_used(store);
        return r <= 0 ? r : store_write(store, sql, VALUES(value_id(from), value_id(to)));
}

/* Says in the row what it waits for, or takes that away where it waits for nothing any more. */
int awaited_tell(Store *store, uint64_t deploy) {
        static const char sql[] =
                        "UPDATE deploys SET reason = ifnull((SELECT substr('waits for ' || group_concat("
                        "'deploy ' || d.id || ' (' || p.name || '/' || s.name || ')', ', '), 1, ?2) "
                        "FROM awaited a JOIN deploys d ON d.id = a.after_id JOIN stages s ON s.id = d.stage_id "
                        "JOIN projects p ON p.id = s.project_id WHERE a.deploy_id = ?1), '') "
                        "WHERE id = ?1 AND state = 'queued'";

        return store_write(store, sql, VALUES(value_id(deploy), value_number(REASON_MAX)));
}

/* Where both are still to come. */
int awaited_add(Store *store, uint64_t deploy, uint64_t after) {
        static const char sql[] =
                        "INSERT OR IGNORE INTO awaited(deploy_id, after_id, stage_id, after_stage_id) "
                        "SELECT k.id, a.id, k.stage_id, a.stage_id FROM deploys k, deploys a WHERE k.id = ?1 AND a.id = ?2 "
                        "AND k.state = 'queued' AND (a.state = 'queued' OR a.state = 'running')";

        store->counts.nobody_waits = false;
        return store_write(store, sql, VALUES(value_id(deploy), value_id(after)));
}

int awaited_drop(Store *store, uint64_t deploy) {
        static const char sql[] = "DELETE FROM awaited WHERE deploy_id = ?1";

        return store_write(store, sql, VALUES(value_id(deploy)));
}

int store_await_deploys(Store *store, uint64_t deploy, const uint64_t *after, size_t n) {
        _cleanup_(step_undo) Step step = { 0 };
        int r;

        assert(store);
        assert(after && n > 0);

        r = step_begin(&step, store);
        if (r >= 0)
                r = awaited_drop(store, deploy);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = awaited_add(store, deploy, after[i]);
        if (r >= 0)
                r = awaited_tell(store, deploy);
        return r < 0 ? r : step_end(&step);
}

int store_release_deploy(Store *store, uint64_t deploy) {
        _cleanup_(step_undo) Step step = { 0 };
        int r, n;

        assert(store);

        r = awaited_is_used(store);
        if (r <= 0)
                return r;

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        n = awaited_drop(store, deploy);
        if (n <= 0)
                return n;

        r = awaited_tell(store, deploy);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        store->released = true;
        return 1;
}

int awaited_release_project(Store *store, int64_t project_id) {
        static const char tell_sql
                        [] = "UPDATE deploys SET reason = '' WHERE id IN (SELECT a.deploy_id FROM stages s "
                             "JOIN deploys d ON d.stage_id = s.id JOIN awaited a ON a.deploy_id = d.id "
                             "WHERE s.project_id = ?1 AND d.state = 'queued')",
                sql[] = "DELETE FROM awaited WHERE deploy_id IN (SELECT d.id FROM stages s "
                        "JOIN deploys d ON d.stage_id = s.id WHERE s.project_id = ?1 AND d.state = 'queued')";
        int r;

        r = awaited_is_used(store);
        if (r > 0)
                r = store_write(store, tell_sql, VALUES(value_number(project_id)));
        if (r > 0)
                r = store_write(store, sql, VALUES(value_number(project_id)));
        if (r > 0)
                store->released = true;
        return r;
}
