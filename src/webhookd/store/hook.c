/* SPDX-License-Identifier: MIT */
/* Hooks beside the main one, and the ids that are good once. The main hook's secret is in settings.c. */
#include <sqlite3.h>

#include "shared/time-util.h"
#include "webhookd/store/delivery.h"
#include "webhookd/store/hook.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

static const char *const rule_names[] = {
        [SIGNATURE_RULE_NONE] = "none",
        [SIGNATURE_RULE_OPTIONAL] = "optional",
        [SIGNATURE_RULE_REQUIRED] = "required",
};

static_assert(ELEMENTSOF(rule_names) == _SIGNATURE_RULE_MAX, "every rule has a name");

const char *signature_rule_to_string(SignatureRule rule) {
        assert((unsigned) rule < _SIGNATURE_RULE_MAX);

        return rule_names[rule];
}

int signature_rule_from_string(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(rule_names); i++)
                if (streq(name, rule_names[i]))
                        return (int) i;

        return -EINVAL;
}

static void hook_row_done(HookRow *row) {
        free(row->name);
        free(row->images);
        explicit_bzero(row, sizeof(*row));
}

void hook_row_list_done(HookRowList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                hook_row_done(&list->items[i]);
        free(list->items);
        *list = (HookRowList){ 0 };
}

/* Where a secret has to be or may be; the empty text where the column is NULL. */
static void row_secret(Row *row, char ret[static UUID_TEXT_SIZE], bool may_be_null) {
        char *text = may_be_null ? row_text_or_null(row) : row_text(row);

        if (text && strlen(text) == UUID_TEXT_SIZE - 1)
                memcpy(ret, text, UUID_TEXT_SIZE);
        else if (text && row->error == 0)
                row->error = -EIO;

        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

/* On failure the caller disposes of what was read so far. */
static int hook_read(Store *store, sqlite3_stmt *statement, HookRow *hook) {
        Row row = { .statement = statement };

        hook->name = row_text(&row);
        row_secret(&row, hook->secret, /* may_be_null= */ false);
        row_secret(&row, hook->previous, /* may_be_null= */ true);
        hook->previous_until = row_number(&row, INT64_MAX);
        hook->images = row_text(&row);
        hook->signature =
                        (SignatureRule) row_word(&row, signature_rule_from_string, SIGNATURE_RULE_REQUIRED);
        hook->bare = row_number(&row, 1) > 0;
        hook->created_at = row_number(&row, INT64_MAX);
        hook->rotated_at = row_number(&row, INT64_MAX);
        return row_end(store, &row);
}

/* Room for every hook at once: an array that moves while it grows would leave secrets behind. */
static int hook_list_allocate(Store *store, HookRowList *list, size_t *ret_room) {
        static const char sql[] = "SELECT count(*) FROM hooks";
        int64_t n = 0;
        int r;

        r = store_read_number(store, sql, NO_VALUES, &n);
        if (r < 0)
                return r;

        list->items = calloc((size_t) n + 1, sizeof(*list->items));
        if (!list->items)
                return store_fail_text(store, -ENOMEM, "out of memory");

        *ret_room = (size_t) n;
        return 0;
}

int store_list_hooks(Store *store, HookRowList *ret) {
        static const char sql[] =
                        "SELECT name, secret, previous, previous_until, images, signature, bare, created_at, "
                        "rotated_at FROM hooks ORDER BY name";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        _cleanup_(hook_row_list_done) HookRowList list = { 0 };
        size_t room = 0;
        int r;

        assert(store);
        assert(ret);

        r = hook_list_allocate(store, &list, &room);
        if (r >= 0)
                r = store_query(store, sql, NO_VALUES, &statement);
        if (r < 0)
                return r;

        while (list.n < room && (r = store_step(store, statement)) > 0) {
                r = hook_read(store, statement, &list.items[list.n++]);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret = list;
        list = (HookRowList){ 0 };
        return 0;
}

int store_create_hook(Store *store, const HookRow *hook) {
        static const char sql[] =
                        "INSERT INTO hooks(name, secret, images, signature, bare, created_at, rotated_at) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)";
        int r;

        assert(store);
        assert(hook && hook->name && hook->images);

        r = store_write(store, sql,
                        VALUES(value_text(hook->name), value_text(hook->secret), value_text(hook->images),
                               value_text(signature_rule_to_string(hook->signature)),
                               value_number(hook->bare), value_time(hook->created_at)));
        return r < 0 ? r : 0;
}

int store_rotate_hook(Store *store, const HookRow *hook) {
        static const char sql[] =
                        "UPDATE hooks SET secret = ?2, previous = nullif(?3, ''), previous_until = ?4, "
                        "rotated_at = ?5 WHERE name = ?1";

        assert(store);
        assert(hook && hook->name);
        assert((hook->previous[0] == '\0') == (hook->previous_until == 0));

        return store_write(store, sql,
                           VALUES(value_text(hook->name), value_text(hook->secret),
                                  value_text(hook->previous), value_time(hook->previous_until),
                                  value_time(hook->rotated_at)));
}

int store_remove_hook(Store *store, const char *name) {
        static const char *const sqls[] = {
                "DELETE FROM hooks WHERE name = ?1",      "DELETE FROM deliveries WHERE hook = ?1",
                "DELETE FROM used_ids WHERE hook = ?1",   "DELETE FROM pushes WHERE hook = ?1",
                "DELETE FROM bare_calls WHERE hook = ?1",
        };
        _cleanup_(step_undo) Step step = { 0 };
        int r;

        assert(store);
        assert(name);

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(sqls); i++) {
                r = store_write(store, sqls[i], VALUES(value_text(name)));
                if (r < 0)
                        return r;
                if (i == 0 && r == 0)
                        return 0;
        }

        r = step_end(&step);
        return r < 0 ? r : 1;
}

int store_forget_secrets(Store *store, uint64_t now) {
        static const char sql[] = "UPDATE hooks SET previous = NULL, previous_until = 0 "
                                  "WHERE previous IS NOT NULL AND previous_until <= ?1";
        int r;

        assert(store);

        r = store_write(store, sql, VALUES(value_time(now)));
        return r < 0 ? r : 0;
}

int store_use_id(Store *store, const char *hook, const char *id) {
        static const char sql[] = "INSERT INTO used_ids(hook, id, used_at) VALUES(?1, ?2, ?3) "
                                  "ON CONFLICT DO UPDATE SET used_at = excluded.used_at WHERE used_at < ?4";
        int r;

        assert(store);
        assert(hook);
        assert(id);

        r = store_prune_deliveries_in_time(store);
        if (r < 0)
                return r;

        return store_write(store, sql,
                           VALUES(value_text(hook), value_text(id), value_time(now_usec(CLOCK_REALTIME)),
                                  value_time(store_delivery_border())));
}
