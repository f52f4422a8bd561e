/* SPDX-License-Identifier: MIT */
/* Who asked for a deploy, in its row: see queue-asker.h. */
#include "webhookd/store/queue-asker.h"

#include "webhookd/store/statement.h"

int queue_keep_asker(Store *store, uint64_t id, const Asker *asker) {
        static const char sql[] = "UPDATE deploys SET uid = iif(?2, ?3, NULL), user = substr(?4, 1, ?5), "
                                  "hook = ?6, provider = ?7 WHERE id = ?1";
        int r;

        if (!asker)
                return 0;

        r = store_write(store, sql,
                        VALUES(value_id(id), value_number(asker->is_user), value_number(asker->uid),
                               value_text(asker->user), value_number(ASKER_USER_MAX),
                               value_text(asker->hook), value_text(asker->provider)));
        return r < 0 ? r : 0;
}

int queue_copy_asker(Store *store, uint64_t from, uint64_t to) {
        static const char sql[] =
                        "UPDATE deploys SET (uid, user, hook, provider) = "
                        "(SELECT uid, user, hook, provider FROM deploys WHERE id = ?1) WHERE id = ?2";
        int r;

        r = store_write(store, sql, VALUES(value_id(from), value_id(to)));
        return r < 0 ? r : 0;
}
