/* SPDX-License-Identifier: MIT */
/* Projects: a name, which is unique, and the repository that belongs to it. */
#include <sqlite3.h>

#include "shared/time-util.h"
#include "webhookd/store/awaited.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

#define PROJECT_SELECT                                                                                 \
        "SELECT id, name, image, healthcheck, port, learned_healthcheck, learned_port, auto_created, " \
        "created_at, ifnull(after_id, 0) FROM projects "

static void project_done(void *object) {
        Project *project = object;

        free(project->name);
        free(project->image);
        free(project->healthcheck);
        free(project->learned_healthcheck);
}

static void project_read(Row *row, void *object) {
        Project *project = object;

        project->id = (int64_t) row_number(row, INT64_MAX);
        project->name = row_text(row);
        project->image = row_text(row);
        project->healthcheck = row_text(row);
        project->port = (uint16_t) row_number(row, UINT16_MAX);
        project->learned_healthcheck = row_text(row);
        project->learned_port = (uint16_t) row_number(row, UINT16_MAX);
        project->auto_created = row_number(row, 1) != 0;
        project->created_at = row_number(row, INT64_MAX);
        project->after_id = (int64_t) row_number(row, INT64_MAX);
}

static const RowKind project_kind = { sizeof(Project), project_read, project_done };

Project *project_free(Project *project) {
        row_free(&project_kind, project, project ? 1 : 0);
        return NULL;
}

void project_list_done(ProjectList *list) {
        assert(list);

        row_free(&project_kind, list->items, list->n);
        *list = (ProjectList){ 0 };
}

static int project_find(Store *store, const char *sql, Value key, Project **ret) {
        void *found = NULL;
        int r;

        r = row_find(store, &project_kind, sql, VALUES(key), &found);
        if (r >= 0)
                *ret = found;

        return r;
}

int store_find_project_by_id(Store *store, int64_t id, Project **ret) {
        static const char sql[] = PROJECT_SELECT "WHERE id = ?1";

        assert(store);
        assert(ret);

        return project_find(store, sql, value_number(id), ret);
}

int store_find_project_by_name(Store *store, const char *name, Project **ret) {
        static const char sql[] = PROJECT_SELECT "WHERE name = ?1";

        assert(store);
        assert(name);
        assert(ret);

        return project_find(store, sql, value_text(name), ret);
}

static int project_list(Store *store, const char *sql, const Value *values, size_t n, ProjectList *ret) {
        void *items = NULL;
        size_t n_items = 0;
        int r;

        r = row_list(store, &project_kind, sql, values, n, &items, &n_items);
        if (r < 0)
                return r;

        *ret = (ProjectList){ .items = items, .n = n_items };
        return 0;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const Project *) a)->name, ((const Project *) b)->name);
}

int store_list_projects_of_image(Store *store, const char *image, ProjectList *ret) {
        static const char sql[] = PROJECT_SELECT "WHERE image = ?1";
        int r;

        assert(store);
        assert(image);
        assert(ret);

        r = project_list(store, sql, VALUES(value_text(image)), ret);
        /* A push to an image of one project, as most are, has nothing sorted. */
        if (r >= 0 && ret->n > 1)
                qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
        return r;
}

int store_list_projects(Store *store, const char *prefix, const char *after, unsigned limit,
                        ProjectList *ret) {
        /* '~' is behind all that names are made of. Where the first name is looked for is one bound, so that the index is entered there. */
        static const char sql[] = PROJECT_SELECT "WHERE name >= max(?1, ?2) AND name < ?1 || '~' "
                                                 "AND name <> ?2 ORDER BY name LIMIT ?3";

        assert(store);
        assert(prefix);
        assert(after);
        assert(ret);

        return project_list(store, sql, VALUES(value_text(prefix), value_text(after), value_number(limit)),
                            ret);
}

int store_create_project(Store *store, const Project *project, int64_t *ret_id) {
        static const char sql[] =
                        "INSERT INTO projects(name, image, healthcheck, port, auto_created, created_at, after_id) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0))";
        int r;

        assert(store);
        assert(project && project->name && project->image);
        assert(ret_id);

        r = store_write(store, sql,
                        VALUES(value_text(project->name), value_text(project->image),
                               value_text(strempty(project->healthcheck)), value_number(project->port),
                               value_number(project->auto_created), value_time(now_usec(CLOCK_REALTIME)),
                               value_number(project->after_id)));
        if (r < 0)
                return r;

        counts_add_project(&store->counts, project->auto_created);
        *ret_id = sqlite3_last_insert_rowid(store->db);
        return 0;
}

static int set_project(Store *store, const Project *project) {
        /* What waits there is of another image now. */
        static const char forget_sql
                        [] = "UPDATE stages SET available = NULL WHERE project_id = ?1 "
                             "AND ?2 <> (SELECT image FROM projects WHERE id = ?1)",
              order_sql[] = "SELECT after_id IS NOT nullif(?2, 0) FROM projects WHERE id = ?1",
              sql[] = "UPDATE projects SET image = ?2, port = ?3, healthcheck = ?4, after_id = nullif(?5, 0), "
                      "learned_port = iif(image = ?2 AND ?3 = 0, learned_port, 0), "
                      "learned_healthcheck = iif(image = ?2 AND ?4 = '', learned_healthcheck, '') "
                      "WHERE id = ?1";
        int64_t moves = 0;
        int r;

        r = store_write(store, forget_sql, VALUES(value_number(project->id), value_text(project->image)));
        if (r >= 0)
                r = store_read_number(store, order_sql,
                                      VALUES(value_number(project->id), value_number(project->after_id)),
                                      &moves);
        if (r > 0 && moves)
                r = awaited_release_project(store, project->id);
        if (r < 0)
                return r;

        return store_write(store, sql,
                           VALUES(value_number(project->id), value_text(project->image),
                                  value_number(project->port), value_text(strempty(project->healthcheck)),
                                  value_number(project->after_id)));
}

int store_set_project(Store *store, const Project *project) {
        _cleanup_(step_undo) Step step = { 0 };
        int r, done;

        assert(store);
        assert(project && project->image);

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        done = set_project(store, project);
        if (done < 0)
                return done;

        r = step_end(&step);
        return r < 0 ? r : done;
}

int store_remove_project(Store *store, int64_t project_id) {
        static const char sql[] = "DELETE FROM projects WHERE id = ?1";
        int r;

        assert(store);

        counts_forget(&store->counts);
        /* What goes with it is counted, too. */
        r = store_write(store, sql, VALUES(value_number(project_id)));
        return r > 0 ? 1 : r;
}

int store_learn_project(Store *store, int64_t project_id, uint16_t port, const char *healthcheck) {
        static const char sql[] =
                        "UPDATE projects SET learned_port = iif(port = 0, ?2, 0), "
                        "learned_healthcheck = iif(healthcheck = '', ?3, '') WHERE id = ?1 "
                        "AND (port = 0 AND learned_port <> ?2 OR healthcheck = '' AND learned_healthcheck <> ?3)";
        int r;

        assert(store);

        r = store_write(store, sql,
                        VALUES(value_number(project_id), value_number(port),
                               value_text(strempty(healthcheck))));
        return r < 0 ? r : 0;
}
