/* SPDX-License-Identifier: MIT */
/* How many rows there are of what each turn asks for: by sqlite where nobody has kept the numbers. */
#include "webhookd/store/census.h"
#include "webhookd/store/statement.h"

/* Of the deploys by indexes that are as small as what they have to tell. */
static int counts_read(Store *store) {
        static const char
                        queued_sql[] = "SELECT count(*) FROM deploys INDEXED BY deploys_waiting "
                                       "WHERE state = 'queued'",
                        running_sql[] = "SELECT count(*) FROM deploys INDEXED BY deploys_running "
                                        "WHERE state = 'running'",
                        projects_sql[] = "SELECT count(*) FROM projects",
                        auto_sql[] = "SELECT count(*) FROM projects WHERE auto_created = 1",
                        last_sql[] = "SELECT max(ifnull((SELECT max(id) FROM deploys), 0), "
                                     "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'deploys'), 0))";
        int64_t queued = 0, running = 0, projects = 0, auto_created = 0, last = 0;
        int r;

        if (store->counts.known && store->fault == 0)
                return 0;

        r = store_read_number(store, queued_sql, NO_VALUES, &queued);
        if (r >= 0)
                r = store_read_number(store, running_sql, NO_VALUES, &running);
        if (r >= 0)
                r = store_read_number(store, projects_sql, NO_VALUES, &projects);
        if (r >= 0)
                r = store_read_number(store, auto_sql, NO_VALUES, &auto_created);
        if (r >= 0)
                r = store_read_number(store, last_sql, NO_VALUES, &last);
        if (r < 0)
                return r;

        store->counts = (Counts){
                .known = true,
                .queued = (uint64_t) queued,
                .running = (uint64_t) running,
                .projects = (uint64_t) projects,
                .auto_created = (uint64_t) auto_created,
                .last_deploy = (uint64_t) last,
        };
        return 0;
}

int store_count_deploys(Store *store, DeployState state, uint64_t *ret) {
        int r;

        assert(store);
        assert(state == DEPLOY_QUEUED || state == DEPLOY_RUNNING);
        assert(ret);

        r = counts_read(store);
        if (r < 0)
                return r;

        *ret = state == DEPLOY_QUEUED ? store->counts.queued : store->counts.running;
        return 0;
}

int store_count_projects(Store *store, bool only_auto_created, uint64_t *ret) {
        int r;

        assert(store);
        assert(ret);

        r = counts_read(store);
        if (r < 0)
                return r;

        *ret = only_auto_created ? store->counts.auto_created : store->counts.projects;
        return 0;
}

int store_next_deploy_id(Store *store, uint64_t *ret) {
        int r;

        r = counts_read(store);
        if (r < 0)
                return r;
        if (store->counts.last_deploy >= INT64_MAX)
                return store_fail_text(store, -ENOSPC, "there is no id left for a deploy");

        *ret = store->counts.last_deploy + 1;
        return 0;
}
