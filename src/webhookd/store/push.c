/* SPDX-License-Identifier: MIT */
/*
 * When what a row deploys was pushed, by the sender's clock: that of the push that made the row, and of each that joined it.
 * Times are compared within a hook, a stage and a tag, where they are of one clock. They go with their row. And what was pushed
 * last, whenever that was.
 */
#include <sqlite3.h>

#include "webhookd/store/push.h"
#include "webhookd/store/row.h"
#include "webhookd/store/transaction.h"

/* Freshly allocated, without the digest: a tag is what moves from one push to the next. */
static char *image_without_digest(const char *image) {
        return strndup(image, strcspn(image, "@"));
}

int store_find_push_time(Store *store, const Enqueue *enqueue, uint64_t *ret) {
        static const char sql[] =
                        "SELECT ifnull(max(p.pushed_at), 0) FROM pushes p JOIN deploys d ON d.id = p.deploy_id "
                        "WHERE p.stage_id = ?1 AND p.hook = ?2 AND p.image = ?3 "
                        "AND d.state IN ('queued', 'running', 'succeeded', 'unchanged', 'superseded')";
        _cleanup_free_ char *image = NULL;
        int64_t latest = 0;
        int r;

        assert(store);
        assert(enqueue && enqueue->hook && enqueue->image);
        assert(ret);

        image = image_without_digest(enqueue->image);
        if (!image)
                return store_fail_text(store, -ENOMEM, "out of memory");

        r = store_read_number(store, sql,
                              VALUES(value_number(enqueue->stage_id), value_text(enqueue->hook),
                                     value_text(image)),
                              &latest);
        if (r < 0)
                return r;

        *ret = (uint64_t) latest;
        return latest > 0;
}

int store_keep_push(Store *store, const Enqueue *enqueue, uint64_t deploy_id) {
        static const char sql[] =
                        "INSERT INTO pushes(stage_id, hook, image, deploy_id, pushed_at) VALUES(?1, ?2, ?3, ?4, ?5) "
                        "ON CONFLICT(stage_id, hook, image, deploy_id) "
                        "DO UPDATE SET pushed_at = max(pushed_at, excluded.pushed_at)";
        _cleanup_free_ char *image = NULL;
        int r;

        assert(store);
        assert(enqueue && enqueue->hook && enqueue->pushed_at > 0);

        image = image_without_digest(enqueue->image);
        if (!image)
                return store_fail_text(store, -ENOMEM, "out of memory");

        r = store_write(store, sql,
                        VALUES(value_number(enqueue->stage_id), value_text(enqueue->hook), value_text(image),
                               value_id(deploy_id), value_time(enqueue->pushed_at)));
        return r < 0 ? r : 0;
}

int store_prune_pushes(Store *store, int64_t stage_id) {
        static const char sql[] = "DELETE FROM pushes WHERE stage_id = ?1 "
                                  "AND NOT EXISTS(SELECT 1 FROM deploys d WHERE d.id = deploy_id)";

        assert(store);

        return store_write(store, sql, VALUES(value_number(stage_id)));
}

int store_copy_pushes(Store *store, uint64_t from, uint64_t to) {
        static const char sql[] =
                        "INSERT INTO pushes(stage_id, hook, image, deploy_id, pushed_at) "
                        "SELECT stage_id, hook, image, ?2, pushed_at FROM pushes WHERE deploy_id = ?1";
        int r;

        assert(store);

        r = store_write(store, sql, VALUES(value_id(from), value_id(to)));
        return r < 0 ? r : 0;
}

static int tag_copy(Store *store, sqlite3_stmt *statement, size_t repository_length, char **ret) {
        _cleanup_free_ char *image = NULL;
        Row row = { .statement = statement };
        char *tag;
        int r;

        image = row_text(&row);
        r = row_end(store, &row);
        if (r < 0)
                return r;

        tag = image_without_digest(image + repository_length + 1);
        if (!tag)
                return store_fail_text(store, -ENOMEM, "out of memory");

        *ret = tag;
        return 1;
}

int store_find_pushed_tag(Store *store, const char *repository, char **ret) {
        /* A project may have had another repository before. */
        static const char sql[] = "SELECT d.image FROM deploys d JOIN stages s ON s.id = d.stage_id "
                                  "JOIN projects p ON p.id = s.project_id "
                                  "WHERE p.image = ?1 AND d.source = 'webhook' "
                                  "AND substr(d.image, 1, length(?1) + 1) = ?1 || ':' "
                                  "ORDER BY d.id DESC LIMIT 1";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        int r;

        assert(store);
        assert(repository);
        assert(ret);

        r = store_query(store, sql, VALUES(value_text(repository)), &statement);
        if (r >= 0)
                r = store_step(store, statement);
        return r <= 0 ? r : tag_copy(store, statement, strlen(repository), ret);
}
