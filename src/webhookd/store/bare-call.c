/* SPDX-License-Identifier: MIT */
/*
 * Bare calls: which tag one meant that named none, by the id of its delivery. A copy that comes after another push means the
 * same tag, and is then known like any other redelivery. Remembered as long as the ids of deliveries (delivery.c).
 */
#include <sqlite3.h>

#include "shared/time-util.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/store.h"

int store_find_bare_call(Store *store, const char *hook, const char *delivery_id, char **ret) {
        static const char sql[] = "SELECT tag FROM bare_calls WHERE hook = ?1 AND delivery_id = ?2";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        _cleanup_free_ char *tag = NULL;
        Row row;
        int r;

        assert(store);
        assert(hook);
        assert(delivery_id);
        assert(ret);

        r = store_query(store, sql, VALUES(value_text(hook), value_text(delivery_id)), &statement);
        if (r >= 0)
                r = store_step(store, statement);
        if (r <= 0)
                return r;

        row = (Row){ .statement = statement };
        tag = row_text(&row);
        r = row_end(store, &row);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(tag);
        return 1;
}

int store_keep_bare_call(Store *store, const char *hook, const char *delivery_id, const char *tag) {
        static const char sql[] =
                        "INSERT INTO bare_calls(hook, delivery_id, tag, called_at) VALUES(?1, ?2, ?3, ?4) "
                        "ON CONFLICT DO NOTHING";
        int r;

        assert(store);
        assert(hook);
        assert(delivery_id);
        assert(tag);

        r = store_write(store, sql,
                        VALUES(value_text(hook), value_text(delivery_id), value_text(tag),
                               value_time(now_usec(CLOCK_REALTIME))));
        return r < 0 ? r : 0;
}
