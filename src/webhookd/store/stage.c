/* SPDX-License-Identifier: MIT */
/* Stages of a project, in the order in which pushes are matched with them. */
#include <sqlite3.h>

#include "shared/protocol.h"
#include "webhookd/store/store-internal.h"

#define STAGE_SELECT                                                                  \
        "SELECT s.id, s.project_id, s.name, s.tag_pattern, s.policy, s.auto_deploy, " \
        "s.downgrade, s.max_instances, s.available FROM stages s "

static_assert(MAX_INSTANCES_LIMIT == 16, "the schema has the same limit");

static void stage_done(Stage *stage) {
        free(stage->name);
        free(stage->tag_pattern);
        free(stage->available);
        *stage = (Stage){ 0 };
}

Stage *stage_free(Stage *stage) {
        if (stage)
                stage_done(stage);
        free(stage);
        return NULL;
}

void stage_list_done(StageList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                stage_done(&list->items[i]);
        free(list->items);
        *list = (StageList){ 0 };
}

static TagPolicy row_policy(Row *row) {
        _cleanup_free_ char *name = row_text(row);
        int policy;

        policy = name ? tag_policy_from_string(name) : -EIO;
        if (policy >= 0)
                return (TagPolicy) policy;

        if (row->error == 0)
                row->error = -EIO;
        return TAG_POLICY_GLOB;
}

/* On failure the caller disposes of what was read so far. */
static int stage_read(Store *store, sqlite3_stmt *statement, Stage *stage) {
        Row row = { .statement = statement };

        stage->id = (int64_t) row_number(&row, INT64_MAX);
        stage->project_id = (int64_t) row_number(&row, INT64_MAX);
        stage->name = row_text(&row);
        stage->tag_pattern = row_text(&row);
        stage->policy = row_policy(&row);
        stage->auto_deploy = row_number(&row, 1) != 0;
        stage->downgrade = row_number(&row, 1) != 0;
        stage->max_instances = (unsigned) row_number(&row, MAX_INSTANCES_LIMIT);
        stage->available = row_text_or_null(&row);
        return row_end(store, &row);
}

static int stage_list_append(Store *store, sqlite3_stmt *statement, StageList *list) {
        Stage *items = items_grow(list->items, list->n, sizeof(*items));

        if (!items)
                return store_fail_text(store, -ENOMEM, "out of memory");

        list->items = items;
        list->items[list->n] = (Stage){ 0 };
        return stage_read(store, statement, &list->items[list->n++]);
}

int store_list_stages(Store *store, int64_t project_id, StageList *ret) {
        static const char sql[] = STAGE_SELECT "WHERE s.project_id = ?1 ORDER BY s.name";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        _cleanup_(stage_list_done) StageList list = { 0 };
        int r;

        assert(store);
        assert(ret);

        r = store_query(store, sql, VALUES(value_number(project_id)), &statement);
        if (r < 0)
                return r;

        while ((r = store_step(store, statement)) > 0) {
                r = stage_list_append(store, statement, &list);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret = list;
        list = (StageList){ 0 };
        return 0;
}

int store_find_stage(Store *store, const char *project, const char *stage, Stage **ret) {
        static const char sql[] = STAGE_SELECT "JOIN projects p ON p.id = s.project_id "
                                               "WHERE p.name = ?1 AND s.name = ?2";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        _cleanup_(stage_freep) Stage *object = NULL;
        int r, found;

        assert(store);
        assert(project);
        assert(stage);
        assert(ret);

        r = store_query(store, sql, VALUES(value_text(project), value_text(stage)), &statement);
        if (r < 0)
                return r;

        found = store_step(store, statement);
        if (found < 0)
                return found;

        if (found > 0) {
                object = calloc(1, sizeof(*object));
                if (!object)
                        return store_fail_text(store, -ENOMEM, "out of memory");

                r = stage_read(store, statement, object);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(object);
        return found;
}

int store_create_stage(Store *store, const Stage *stage, int64_t *ret_id) {
        static const char sql[] = "INSERT INTO stages(project_id, name, tag_pattern, policy, auto_deploy, "
                                  "downgrade, max_instances, available) "
                                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        int r;

        assert(store);
        assert(stage && stage->name && stage->tag_pattern);
        assert(ret_id);

        r = store_write(store, sql,
                        VALUES(value_number(stage->project_id), value_text(stage->name),
                               value_text(stage->tag_pattern),
                               value_text(tag_policy_to_string(stage->policy)),
                               value_number(stage->auto_deploy), value_number(stage->downgrade),
                               value_number(stage->max_instances), value_text(stage->available)));
        if (r < 0)
                return r;

        *ret_id = sqlite3_last_insert_rowid(store->db);
        return 0;
}

int store_set_stage(Store *store, const Stage *stage) {
        static const char sql[] = "UPDATE stages SET tag_pattern = ?2, policy = ?3, auto_deploy = ?4, "
                                  "downgrade = ?5, max_instances = ?6 WHERE id = ?1";

        assert(store);
        assert(stage && stage->tag_pattern);

        return store_write(store, sql,
                           VALUES(value_number(stage->id), value_text(stage->tag_pattern),
                                  value_text(tag_policy_to_string(stage->policy)),
                                  value_number(stage->auto_deploy), value_number(stage->downgrade),
                                  value_number(stage->max_instances)));
}

int store_remove_stage(Store *store, int64_t stage_id) {
        static const char sql[] = "DELETE FROM stages WHERE id = ?1";

        int r;

        assert(store);

        /* What goes with it is counted, too. */
        r = store_write(store, sql, VALUES(value_number(stage_id)));
        return r > 0 ? 1 : r;
}

int store_set_available(Store *store, int64_t stage_id, const char *image) {
        static const char sql[] = "UPDATE stages SET available = ?2 WHERE id = ?1";
        int r;

        assert(store);

        r = store_write(store, sql, VALUES(value_number(stage_id), value_text(image)));
        return r < 0 ? r : 0;
}
