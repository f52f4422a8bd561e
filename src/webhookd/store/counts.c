/* SPDX-License-Identifier: MIT */
/* Numbers that are kept: see counts.h. */
#include "webhookd/store/counts.h"

void counts_forget(Counts *counts) {
        assert(counts);

        *counts = (Counts){ 0 };
}

/* What cannot be is counted anew, and never told. */
static void counts_add(Counts *counts, bool known, uint64_t *n, int change) {
        assert(change == 1 || change == -1);

        if (!known)
                return;

        if (change < 0 && *n == 0)
                counts_forget(counts);
        else if (change < 0)
                (*n)--;
        else
                (*n)++;
}

void counts_add_deploy(Counts *counts, DeployState state, int change) {
        assert(counts);

        if (state == DEPLOY_QUEUED)
                counts_add(counts, counts->deploys_known, &counts->queued, change);
        else if (state == DEPLOY_RUNNING)
                counts_add(counts, counts->deploys_known, &counts->running, change);
}

void counts_add_project(Counts *counts, bool auto_created) {
        assert(counts);

        counts_add(counts, counts->projects_known, &counts->projects, 1);
        if (auto_created)
                counts_add(counts, counts->auto_created_known, &counts->auto_created, 1);
}

void counts_use_deploy_id(Counts *counts, uint64_t id) {
        assert(counts);

        counts->last_deploy = id;
}
