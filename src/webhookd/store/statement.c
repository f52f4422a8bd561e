/* SPDX-License-Identifier: MIT */
/*
 * Statements: prepared once, bound and stepped; and the one place where sqlite's result codes become errno.
 * See statement.h.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "webhookd/store/items.h"
#include "webhookd/store/statement.h"

/* What the file system said decides, where sqlite only knows that it said no. */
static int errno_from_system(int number, int fallback) {
        switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
                return -ENOSPC;

        case EACCES:
        case EPERM:
        case EROFS:
                return -EROFS;

        case ENOMEM:
                return -ENOMEM;

        default:
                return fallback;
        }
}

static int errno_from_code(int code, int system) {
        switch (code & 0xff) {
        case SQLITE_FULL:
                return -ENOSPC;

        case SQLITE_READONLY:
        case SQLITE_PERM:
                return -EROFS;

        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;

        case SQLITE_NOMEM:
                return -ENOMEM;

        case SQLITE_TOOBIG:
                return -E2BIG;

        case SQLITE_CONSTRAINT:
                return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? -EEXIST
                                                                                                : -EINVAL;

        case SQLITE_IOERR:
                return code == SQLITE_IOERR_NOMEM ? -ENOMEM : errno_from_system(system, -EIO);

        case SQLITE_CANTOPEN:
                return errno_from_system(system, -EIO);

        default:
                return -EIO;
        }
}

int store_fail_of(Store *store, sqlite3 *db, int code) {
        int kind = code & 0xff, system = errno;

        assert(kind != SQLITE_OK && kind != SQLITE_ROW && kind != SQLITE_DONE);

        /* What it was given up for is what counts. */
        if (store->fault < 0)
                return -EIO;

        /* sqlite may have undone more than the statement. */
        counts_forget(&store->counts);
        if ((kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) && system != 0) {
                const char *text = sqlite3_errmsg(db);

                errno = system;
                (void) snprintf(store->error, sizeof(store->error), "%s: %m", text);
        } else
                (void) snprintf(store->error, sizeof(store->error), "%s", sqlite3_errmsg(db));

        if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB)
                store->fault = -EIO;
        return errno_from_code(code, system);
}

int store_fail(Store *store, int code) {
        return store_fail_of(store, store->db, code);
}

int store_fail_text(Store *store, int error, const char *text) {
        assert(error < 0);

        if (store->fault == 0)
                (void) snprintf(store->error, sizeof(store->error), "%s", text);
        return error;
}

int store_fail_damage(Store *store, const char *text) {
        (void) store_fail_text(store, -EIO, text);
        if (store->fault == 0)
                store->fault = -EIO;
        return -EIO;
}

static int store_prepare(Store *store, const char *sql, sqlite3_stmt **ret) {
        Statement *statements;
        sqlite3_stmt *handle;
        int code;

        for (size_t i = 0; i < store->n_statements; i++)
                if (store->statements[i].sql == sql) {
                        *ret = store->statements[i].handle;
                        return 0;
                }

        statements = items_grow(store->statements, store->n_statements, sizeof(*statements));
        if (!statements)
                return store_fail_text(store, -ENOMEM, "out of memory");

        store->statements = statements;
        errno = 0;
        code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
        if (code != SQLITE_OK)
                return store_fail(store, code);

        store->statements[store->n_statements++] = (Statement){ sql, handle };
        *ret = handle;
        return 0;
}

void store_finalize_statements(Store *store) {
        for (size_t i = 0; i < store->n_statements; i++)
                (void) sqlite3_finalize(store->statements[i].handle);

        free(store->statements);
        store->statements = NULL;
        store->n_statements = 0;
}

void statement_releasep(sqlite3_stmt **statement) {
        if (!*statement)
                return;

        /* Whatever the statement failed with was returned by its last step. */
        (void) sqlite3_reset(*statement);
        (void) sqlite3_clear_bindings(*statement);
}

static int statement_bind(sqlite3_stmt *statement, int column, const Value *value) {
        if (!value->is_text)
                return sqlite3_bind_int64(statement, column, value->number);
        if (!value->text)
                return sqlite3_bind_null(statement, column);

        return sqlite3_bind_text(statement, column, value->text, -1, SQLITE_STATIC);
}

int store_query(Store *store, const char *sql, const Value *values, size_t n, sqlite3_stmt **ret) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        int r, code;

        assert(store);
        assert(sql);
        assert(values || n == 0);
        assert(ret);

        if (store->fault < 0)
                return -EIO;

        r = store_prepare(store, sql, &statement);
        if (r < 0)
                return r;

        assert(!sqlite3_stmt_busy(statement));
        assert((size_t) sqlite3_bind_parameter_count(statement) == n);

        for (size_t i = 0; i < n; i++) {
                code = statement_bind(statement, (int) i + 1, &values[i]);
                if (code != SQLITE_OK)
                        return store_fail(store, code);
        }

        *ret = TAKE_PTR(statement);
        return 0;
}

int store_step(Store *store, sqlite3_stmt *statement) {
        int code;

        assert(store);
        assert(statement);

        errno = 0;
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
                return 1;
        if (code == SQLITE_DONE)
                return 0;

        return store_fail(store, code);
}

/* What would be written to a file that is gone was accepted for nothing. */
static int store_look_for_file(Store *store) {
        const char *text;
        int r;

        r = presence_check(&store->presence, store->fd, &text);
        if (r >= 0)
                return 0;

        (void) store_fail_text(store, r, text);
        store->fault = r;
        return -EIO;
}

int store_write(Store *store, const char *sql, const Value *values, size_t n) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        int64_t before;
        int r;

        r = store_query(store, sql, values, n, &statement);
        if (r >= 0 && sqlite3_get_autocommit(store->db))
                r = store_look_for_file(store);
        if (r < 0)
                return r;

        before = sqlite3_total_changes64(store->db);
        r = store_step(store, statement);
        if (r < 0)
                return r;

        assert(r == 0);
        if (sqlite3_get_autocommit(store->db))
                presence_note(&store->presence, store->fd);
        return (int) (sqlite3_total_changes64(store->db) - before);
}

int store_read_number(Store *store, const char *sql, const Value *values, size_t n, int64_t *ret) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        int r;

        assert(ret);

        r = store_query(store, sql, values, n, &statement);
        if (r < 0)
                return r;

        r = store_step(store, statement);
        if (r > 0)
                *ret = sqlite3_column_int64(statement, 0);

        return r;
}

int store_read_text(Store *store, const char *sql, const Value *values, size_t n, char **ret) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        const char *text;
        char *copy;
        int r;

        assert(ret);

        r = store_query(store, sql, values, n, &statement);
        if (r >= 0)
                r = store_step(store, statement);
        if (r <= 0)
                return r;

        if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
                return 0;

        text = (const char *) sqlite3_column_text(statement, 0);
        copy = text ? strdup(text) : NULL;
        if (!copy)
                return store_fail_text(store, -ENOMEM, "out of memory");

        *ret = copy;
        return 1;
}

bool store_in_transaction(const Store *store) {
        return store->fault == 0 && sqlite3_get_autocommit(store->db) == 0;
}

int store_execute(Store *store, const char *sql) {
        int code;

        assert(store);
        assert(sql);

        if (store->fault < 0)
                return -EIO;

        counts_forget(&store->counts);
        errno = 0;
        code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : store_fail(store, code);
}
