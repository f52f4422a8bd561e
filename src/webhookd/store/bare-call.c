/* SPDX-License-Identifier: MIT */
/*
 * Bare calls: which tag one meant that named none, by the id of its delivery. A copy that comes after another push means the
 * same tag, and is then known like any other redelivery. Remembered as long as the ids of deliveries (delivery.c).
 */
#include "shared/time-util.h"
#include "webhookd/store/delivery.h"
#include "webhookd/store/statement.h"

int store_find_bare_call(Store *store, const char *hook, const char *delivery_id, char **ret) {
        static const char sql[] = "SELECT tag FROM bare_calls WHERE hook = ?1 AND delivery_id = ?2 "
                                  "AND called_at >= ?3";

        assert(store);
        assert(hook);
        assert(delivery_id);
        assert(ret);

        return store_read_text(store, sql,
                               VALUES(value_text(hook), value_text(delivery_id),
                                      value_time(store_delivery_border())),
                               ret);
}

int store_keep_bare_call(Store *store, const char *hook, const char *delivery_id, const char *tag) {
        static const char sql[] =
                        "INSERT INTO bare_calls(hook, delivery_id, tag, called_at) VALUES(?1, ?2, ?3, ?4) "
                        "ON CONFLICT DO UPDATE SET tag = excluded.tag, called_at = excluded.called_at "
                        "WHERE called_at < ?5";
        int r;

        assert(store);
        assert(hook);
        assert(delivery_id);
        assert(tag);

        r = store_write(store, sql,
                        VALUES(value_text(hook), value_text(delivery_id), value_text(tag),
                               value_time(now_usec(CLOCK_REALTIME)), value_time(store_delivery_border())));
        return r < 0 ? r : 0;
}
