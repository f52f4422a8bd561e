/* SPDX-License-Identifier: MIT */
/* How long the steps of deploys took: of each the latest attempt, and all attempts of a stage in sum. */
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

static int count_step(Store *store, uint64_t id, const DeploySteps *steps, DeployStep step) {
        static const char sql[] = "INSERT INTO step_counters(stage_id, step, n, msec) "
                                  "SELECT stage_id, ?2, 1, ?3 FROM deploys WHERE id = ?1 "
                                  "ON CONFLICT DO UPDATE SET n = n + 1, msec = msec + excluded.msec";

        return store_write(store, sql,
                           VALUES(value_id(id), value_text(deploy_step_to_string(step)),
                                  value_time(steps->usec[step] / USEC_PER_MSEC)));
}

int store_note_steps(Store *store, uint64_t id, const DeploySteps *steps) {
        static const char sql[] = "UPDATE deploys SET took = ?2 "
                                  "WHERE id = ?1 AND state = 'running' AND took IS NOT ?2";
        _cleanup_(step_undo) Step transaction = { 0 };
        _cleanup_free_ char *text = NULL;
        int r;

        assert(store);
        assert(steps);

        r = deploy_steps_format(steps, &text);
        if (r >= 0)
                r = step_begin(&transaction, store);
        if (r >= 0)
                r = store_write(store, sql, VALUES(value_id(id), value_text(text)));
        if (r <= 0)
                return r;

        for (DeployStep step = 0; r >= 0 && step < _DEPLOY_STEP_MAX; step++)
                if (steps->known[step])
                        r = count_step(store, id, steps, step);
        if (r >= 0)
                r = step_end(&transaction);

        return r < 0 ? r : 1;
}
