/* SPDX-License-Identifier: MIT */
/* Rows: their columns, and the objects that are made of them, one or all that a query finds. */
#include <sqlite3.h>

#include "webhookd/store/items.h"
#include "webhookd/store/row.h"
#include "webhookd/store/statement.h"

char *row_text_or_null(Row *row) {
        const char *text;
        char *copy;

        assert(row);

        if (sqlite3_column_type(row->statement, row->column) == SQLITE_NULL) {
                row->column++;
                return NULL;
        }

        text = (const char *) sqlite3_column_text(row->statement, row->column++);
        copy = text ? strdup(text) : NULL;
        if (!copy)
                row->error = -ENOMEM;

        return copy;
}

char *row_text(Row *row) {
        char *text = row_text_or_null(row);

        if (!text && row->error == 0)
                row->error = -EIO;

        return text;
}

uint64_t row_number(Row *row, uint64_t max) {
        int64_t number;

        assert(row);

        number = sqlite3_column_int64(row->statement, row->column++);
        if (number >= 0 && (uint64_t) number <= max)
                return (uint64_t) number;

        if (row->error == 0)
                row->error = -EIO;
        return 0;
}

int row_word(Row *row, int (*from_string)(const char *name), int otherwise) {
        _cleanup_free_ char *name = row_text(row);
        int word = name ? from_string(name) : -EIO;

        if (word >= 0)
                return word;

        if (row->error == 0)
                row->error = -EIO;
        return otherwise;
}

int row_end(Store *store, const Row *row) {
        assert(row);

        if (row->error == -EIO)
                return store_fail_text(store, -EIO, "a row is damaged");
        if (row->error < 0)
                return store_fail_text(store, row->error, "out of memory");

        return 0;
}

void row_free(const RowKind *kind, void *objects, size_t n) {
        assert(kind);

        for (size_t i = 0; i < n; i++)
                kind->done((char *) objects + i * kind->size);
        free(objects);
}

static int row_read(Store *store, const RowKind *kind, sqlite3_stmt *statement, void *object) {
        Row row = { .statement = statement };

        kind->read(&row, object);
        return row_end(store, &row);
}

int row_find(Store *store, const RowKind *kind, const char *sql, const Value *values, size_t n, void **ret) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        void *object;
        int r;

        assert(kind);
        assert(ret);

        r = store_query(store, sql, values, n, &statement);
        if (r >= 0)
                r = store_step(store, statement);
        if (r < 0)
                return r;

        if (r == 0) {
                *ret = NULL;
                return 0;
        }

        object = calloc(1, kind->size);
        if (!object)
                return store_fail_text(store, -ENOMEM, "out of memory");

        r = row_read(store, kind, statement, object);
        if (r < 0) {
                row_free(kind, object, 1);
                return r;
        }

        *ret = object;
        return 1;
}

/* Reads what is left of the rows behind those that are there already; on failure, too, all of them are the caller's. */
static int row_collect(Store *store, const RowKind *kind, sqlite3_stmt *statement, char **objects,
                       size_t *n) {
        int r;

        while ((r = store_step(store, statement)) > 0) {
                char *grown = items_grow(*objects, *n, kind->size), *object;

                if (!grown)
                        return store_fail_text(store, -ENOMEM, "out of memory");

                *objects = grown;
                object = grown + (*n)++ * kind->size;
                memset(object, 0, kind->size);
                r = row_read(store, kind, statement, object);
                if (r < 0)
                        return r;
        }

        return r;
}

int row_list(Store *store, const RowKind *kind, const char *sql, const Value *values, size_t n,
             void **ret_objects, size_t *ret_n) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        char *objects = NULL;
        size_t found = 0;
        int r;

        assert(kind);
        assert(ret_objects);
        assert(ret_n);

        r = store_query(store, sql, values, n, &statement);
        if (r >= 0)
                r = row_collect(store, kind, statement, &objects, &found);
        if (r < 0) {
                row_free(kind, objects, found);
                return r;
        }

        *ret_objects = objects;
        *ret_n = found;
        return 0;
}
