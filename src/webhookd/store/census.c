/* SPDX-License-Identifier: MIT */
/* How many rows there are of what each turn asks for: by sqlite where nobody has kept the numbers. */
#include "webhookd/store/census.h"
#include "webhookd/store/statement.h"

static int count_rows(Store *store, const char *sql, uint64_t *ret) {
        int64_t n = 0;
        int r;

        r = store_read_number(store, sql, NO_VALUES, &n);
        if (r >= 0)
                *ret = (uint64_t) n;

        return r;
}

/* By indexes that are as small as what they have to tell. */
static int count_deploys(Store *store) {
        static const char
                        queued_sql[] = "SELECT count(*) FROM deploys INDEXED BY deploys_waiting "
                                       "WHERE state = 'queued'",
                        running_sql[] = "SELECT count(*) FROM deploys INDEXED BY deploys_running "
                                        "WHERE state = 'running'",
                        last_sql[] = "SELECT max(ifnull((SELECT max(id) FROM deploys), 0), "
                                     "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'deploys'), 0))";
        Counts *counts = &store->counts;
        int r;

        if (counts->deploys_known && store->fault == 0)
                return 0;

        r = count_rows(store, queued_sql, &counts->queued);
        if (r >= 0)
                r = count_rows(store, running_sql, &counts->running);
        if (r >= 0)
                r = count_rows(store, last_sql, &counts->last_deploy);
        if (r >= 0)
                counts->deploys_known = true;
        return r;
}

int store_count_deploys(Store *store, DeployState state, uint64_t *ret) {
        int r;

        assert(store);
        assert(state == DEPLOY_QUEUED || state == DEPLOY_RUNNING);
        assert(ret);

        r = count_deploys(store);
        if (r < 0)
                return r;

        *ret = state == DEPLOY_QUEUED ? store->counts.queued : store->counts.running;
        return 0;
}

/* A number of projects, which is kept from now on. */
static int count_projects(Store *store, const char *sql, bool *known, uint64_t *n, uint64_t *ret) {
        int r;

        if (!*known || store->fault < 0) {
                r = count_rows(store, sql, n);
                if (r < 0)
                        return r;
                *known = true;
        }

        *ret = *n;
        return 0;
}

int store_count_projects(Store *store, bool only_auto_created, uint64_t *ret) {
        static const char sql[] = "SELECT count(*) FROM projects",
                          auto_sql[] = "SELECT count(*) FROM projects INDEXED BY projects_auto_created "
                                       "WHERE auto_created = 1";
        Counts *counts;

        assert(store);
        assert(ret);

        counts = &store->counts;
        return only_auto_created
                               ? count_projects(store, auto_sql, &counts->auto_created_known,
                                                &counts->auto_created, ret)
                               : count_projects(store, sql, &counts->projects_known, &counts->projects, ret);
}

int store_next_deploy_id(Store *store, uint64_t *ret) {
        int r;

        r = count_deploys(store);
        if (r < 0)
                return r;
        if (store->counts.last_deploy >= INT64_MAX)
                return store_fail_text(store, -ENOSPC, "there is no id left for a deploy");

        *ret = store->counts.last_deploy + 1;
        return 0;
}
