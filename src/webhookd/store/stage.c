/* SPDX-License-Identifier: MIT */
/* Stages of a project, in the order in which pushes are matched with them. */
#include <sqlite3.h>

#include "shared/protocol.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"

#define STAGE_SELECT                                                                  \
        "SELECT s.id, s.project_id, s.name, s.tag_pattern, s.policy, s.auto_deploy, " \
        "s.downgrade, s.max_instances, s.available FROM stages s "

static_assert(MAX_INSTANCES_LIMIT == 16, "the schema has the same limit");

static void stage_done(void *object) {
        Stage *stage = object;

        free(stage->name);
        free(stage->tag_pattern);
        free(stage->available);
}

static void stage_read(Row *row, void *object) {
        Stage *stage = object;

        stage->id = (int64_t) row_number(row, INT64_MAX);
        stage->project_id = (int64_t) row_number(row, INT64_MAX);
        stage->name = row_text(row);
        stage->tag_pattern = row_text(row);
        stage->policy = (TagPolicy) row_word(row, tag_policy_from_string, TAG_POLICY_GLOB);
        stage->auto_deploy = row_number(row, 1) != 0;
        stage->downgrade = row_number(row, 1) != 0;
        stage->max_instances = (unsigned) row_number(row, MAX_INSTANCES_LIMIT);
        stage->available = row_text_or_null(row);
}

static const RowKind stage_kind = { sizeof(Stage), stage_read, stage_done };

Stage *stage_free(Stage *stage) {
        row_free(&stage_kind, stage, stage ? 1 : 0);
        return NULL;
}

void stage_list_done(StageList *list) {
        assert(list);

        row_free(&stage_kind, list->items, list->n);
        *list = (StageList){ 0 };
}

static int list_stages(Store *store, const char *sql, const Value *values, size_t n, StageList *ret) {
        void *items = NULL;
        size_t n_items = 0;
        int r;

        assert(store);
        assert(ret);

        r = row_list(store, &stage_kind, sql, values, n, &items, &n_items);
        if (r < 0)
                return r;

        *ret = (StageList){ .items = items, .n = n_items };
        return 0;
}

int store_list_stages(Store *store, int64_t project_id, StageList *ret) {
        static const char sql[] = STAGE_SELECT "WHERE s.project_id = ?1 ORDER BY s.name";

        return list_stages(store, sql, VALUES(value_number(project_id)), ret);
}

int store_list_stages_after(Store *store, int64_t project_id, const char *after, unsigned limit,
                            StageList *ret) {
        static const char sql[] =
                        STAGE_SELECT "WHERE s.project_id = ?1 AND s.name > ?2 ORDER BY s.name LIMIT ?3";

        assert(after);

        return list_stages(store, sql,
                           VALUES(value_number(project_id), value_text(after), value_number(limit)), ret);
}

int store_find_stage(Store *store, const char *project, const char *stage, Stage **ret) {
        static const char sql[] = STAGE_SELECT "JOIN projects p ON p.id = s.project_id "
                                               "WHERE p.name = ?1 AND s.name = ?2";
        void *found = NULL;
        int r;

        assert(store);
        assert(project);
        assert(stage);
        assert(ret);

        r = row_find(store, &stage_kind, sql, VALUES(value_text(project), value_text(stage)), &found);
        if (r >= 0)
                *ret = found;

        return r;
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

        counts_forget(&store->counts);
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
