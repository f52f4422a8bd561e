/* SPDX-License-Identifier: MIT */
/* For the fixtures that have a store: the counts that it keeps are those that sqlite would count. Asked first, it begins to keep them. */
#pragma once

#include "unit.h"
#include "webhookd/store/census.h"
#include "webhookd/store/statement.h"

typedef struct ToldCounts {
        uint64_t queued, running, projects, auto_created, next_deploy;
} ToldCounts;

static inline ToldCounts told_counts(Store *store) {
        ToldCounts told = { 0 };

        assert_int_equal(store_count_deploys(store, DEPLOY_QUEUED, &told.queued), 0);
        assert_int_equal(store_count_deploys(store, DEPLOY_RUNNING, &told.running), 0);
        assert_int_equal(store_count_projects(store, false, &told.projects), 0);
        assert_int_equal(store_count_projects(store, true, &told.auto_created), 0);
        assert_int_equal(store_next_deploy_id(store, &told.next_deploy), 0);
        return told;
}

static inline void assert_counts(Store *store) {
        ToldCounts kept, counted;

        if (!store || store_fault(store) < 0)
                return;

        kept = told_counts(store);
        counts_forget(&store->counts);
        counted = told_counts(store);
        assert_memory_equal(&kept, &counted, sizeof(kept));
}
