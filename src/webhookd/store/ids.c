/* SPDX-License-Identifier: MIT */
/*
 * Ids above those that the engine has seen. A store that was restored from a backup has forgotten the deploys since, whose
 * names are taken.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "webhookd/store/awaited.h"
#include "webhookd/store/census.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/push.h"
#include "webhookd/store/queue.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

static int ids_raise(Store *store, uint64_t above) {
        static const char insert_sql
                        [] = "INSERT INTO sqlite_sequence(name, seq) SELECT 'deploys', 0 "
                             "WHERE NOT EXISTS(SELECT 1 FROM sqlite_sequence WHERE name = 'deploys')",
              raise_sql[] = "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'deploys' AND seq < ?1";
        int r;

        counts_forget(&store->counts);
        r = store_write(store, insert_sql, NO_VALUES);
        if (r < 0)
                return r;

        return store_write(store, raise_sql, VALUES(value_id(above)));
}

/* The new row has all that the old one had but its id; the keys of deliveries follow. */
static int ids_renew(Store *store, const Deploy *old, uint64_t *ret_new) {
        static const char keys_sql
                        [] = "UPDATE deliveries SET deploy_id = ?3 WHERE stage_id = ?1 AND deploy_id = ?2",
                attempts_sql[] =
                                "UPDATE deploys SET (attempts, queued_at, tries, retry_since, next_at, reason) = "
                                "(SELECT attempts, queued_at, tries, retry_since, ?3, ?4 FROM deploys "
                                "WHERE id = ?2) WHERE id = ?1";
        const Asker asker = deploy_asker(old);
        EnqueueResult result = { 0 };
        char reason[128];
        int r;

        r = store_next_deploy_id(store, ret_new);
        if (r < 0)
                return r;

        (void) snprintf(reason, sizeof(reason),
                        "a later deploy of this stage has its number: it goes on as deploy %" PRIu64,
                        *ret_new);
        r = queue_end_deploy(store, old, DEPLOY_SUPERSEDED, reason, *ret_new);
        if (r >= 0)
                r = queue_insert(store,
                                 &(Enqueue){ .stage_id = old->stage_id,
                                             .image = old->image,
                                             .digest = old->digest,
                                             .source = old->source,
                                             .generation = old->generation,
                                             .force = old->force,
                                             .local = old->local,
                                             .asker = &asker,
                                             .max_queued = UINT_MAX },
                                 &result);
        if (r >= 0)
                r = store_write(store, keys_sql,
                                VALUES(value_number(old->stage_id), value_id(old->id),
                                       value_id(result.deploy_id)));
        if (r >= 0)
                r = store_copy_pushes(store, old->id, result.deploy_id);
        if (r >= 0)
                r = awaited_copy(store, old->id, result.deploy_id);
        if (r >= 0)
                r = store_write(store, attempts_sql,
                                VALUES(value_id(result.deploy_id), value_id(old->id),
                                       value_time(old->next_at), value_text(old->reason)));
        return r < 0 ? r : 0;
}

int store_raise_ids(Store *store, const char *project, const char *stage, uint64_t deploy, uint64_t *ret_old,
                    uint64_t *ret_new) {
        _cleanup_(stage_freep) Stage *found = NULL;
        _cleanup_(deploy_freep) Deploy *queued = NULL;
        _cleanup_(step_undo) Step step = { 0 };
        uint64_t new = 0;
        int r;

        assert(store);
        assert(project && stage);
        assert(ret_old);
        assert(ret_new);

        *ret_old = *ret_new = 0;
        if (deploy > DEPLOY_ID_MAX)
                return 0;

        r = step_begin(&step, store);
        if (r >= 0)
                r = ids_raise(store, deploy);
        if (r >= 0)
                r = store_find_stage(store, project, stage, &found);
        if (r > 0)
                r = store_find_queued(store, found->id, &queued);
        if (r > 0 && queued->id <= deploy)
                r = ids_renew(store, queued, &new);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        if (new > 0)
                *ret_old = queued->id;
        *ret_new = new;
        return 0;
}
