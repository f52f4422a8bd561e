/* SPDX-License-Identifier: MIT */
/*
 * Deliveries: the keys by which a redelivery is recognised, remembered for DELIVERIES_KEPT_USEC. A key
 * outlives the row of its deploy: when that is forgotten, the key is sealed with the state in which it
 * ended, so that the answer to a redelivery does not depend on how many deploys came after it.
 */
#include <sqlite3.h>

#include "shared/time-util.h"
#include "webhookd/store/delivery.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"

int store_find_delivery(Store *store, const Enqueue *enqueue, uint64_t *ret_deploy_id,
                        DeployState *ret_state) {
        static const char sql[] =
                        "SELECT k.deploy_id, coalesce(d.state, k.state) "
                        "FROM deliveries k LEFT JOIN deploys d ON d.id = k.deploy_id "
                        "WHERE k.hook = ?1 AND k.delivery_id = ?2 AND k.stage_id = ?3 AND k.image = ?4 "
                        "AND k.received_at >= ?5";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        DeployState state;
        uint64_t id;
        Row row;
        int r;

        assert(store);
        assert(enqueue && enqueue->delivery_id && enqueue->hook);
        assert(ret_deploy_id);
        assert(ret_state);

        r = store_query(store, sql,
                        VALUES(value_text(enqueue->hook), value_text(enqueue->delivery_id),
                               value_number(enqueue->stage_id), value_text(enqueue->image),
                               value_time(store_delivery_border())),
                        &statement);
        if (r < 0)
                return r;

        r = store_step(store, statement);
        if (r <= 0)
                return r;

        row = (Row){ .statement = statement };
        id = row_number(&row, INT64_MAX);
        state = (DeployState) row_word(&row, deploy_state_from_string, DEPLOY_FAILED);
        r = row_end(store, &row);
        if (r < 0)
                return r;

        *ret_deploy_id = id;
        *ret_state = state;
        return 1;
}

int store_keep_delivery(Store *store, const Enqueue *enqueue, uint64_t deploy_id) {
        static const char sql[] =
                        "INSERT INTO deliveries(hook, delivery_id, stage_id, image, deploy_id, received_at) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
                        "ON CONFLICT(hook, delivery_id, stage_id, image) DO UPDATE SET "
                        "deploy_id = excluded.deploy_id, state = NULL, received_at = excluded.received_at";

        assert(store);
        assert(enqueue && enqueue->delivery_id && enqueue->hook);

        return store_write(store, sql,
                           VALUES(value_text(enqueue->hook), value_text(enqueue->delivery_id),
                                  value_number(enqueue->stage_id), value_text(enqueue->image),
                                  value_id(deploy_id), value_time(now_usec(CLOCK_REALTIME))));
}

int store_seal_deliveries(Store *store, int64_t stage_id, uint64_t last, uint64_t last_aside) {
        static const char sql[] = "UPDATE deliveries "
                                  "SET state = (SELECT d.state FROM deploys d WHERE d.id = deploy_id) "
                                  "WHERE stage_id = ?1 AND deploy_id IN (SELECT id FROM deploys "
                                  "WHERE stage_id = ?1 AND (state = 'superseded' AND tries = 0 AND id <= ?3 "
                                  "OR state NOT IN ('queued', 'running') AND id <= ?2))";

        assert(store);

        return store_write(store, sql, VALUES(value_number(stage_id), value_id(last), value_id(last_aside)));
}

uint64_t store_delivery_border(void) {
        uint64_t now = now_usec(CLOCK_REALTIME);

        return now < DELIVERIES_KEPT_USEC ? 0 : now - DELIVERIES_KEPT_USEC;
}

/* What came at the same time goes at the same time. */
#define DELETE_OLDEST(table, time)                                                                      \
        "DELETE FROM " table " WHERE " time " < ifnull((SELECT " time " + 1 FROM " table " WHERE " time \
        " < ?1 ORDER BY " time " LIMIT 1 OFFSET ?2), ?1)"

int store_prune_deliveries(Store *store) {
        static const char *const sqls[] = {
                DELETE_OLDEST("deliveries", "received_at"),
                DELETE_OLDEST("used_ids", "used_at"),
                DELETE_OLDEST("bare_calls", "called_at"),
        };
        uint64_t border = store_delivery_border();
        int r;

        assert(store);

        store->n_unpruned = 0;
        for (size_t i = 0; i < ELEMENTSOF(sqls); i++) {
                r = store_write(store, sqls[i],
                                VALUES(value_time(border), value_number(DELIVERIES_PRUNED - 1)));
                if (r < 0)
                        return r;
        }

        return 0;
}

int store_prune_deliveries_in_time(Store *store) {
        return ++store->n_unpruned < DELIVERIES_UNPRUNED ? 0 : store_prune_deliveries(store);
}
