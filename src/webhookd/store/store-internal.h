/* SPDX-License-Identifier: MIT */
/*
 * Store, seen from its own files: the handle, the cache of prepared statements, steps (transactions of one
 * function) and rows. Statements are cached by the address of their text, so SQL is `static const char[]`
 * beside its one user. Besides the files of the store only its own tests include this.
 */
#pragma once

#include "webhookd/store/store.h"

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;

typedef struct Statement {
        const char *sql;
        sqlite3_stmt *handle;
} Statement;

struct Store {
        sqlite3 *db;
        int fd; /* of the file, with our lock on it: see file.c */
        Statement *statements;
        size_t n_statements;
        bool turn; /* store_begin() was called, and neither store_commit() nor store_rollback() since */
        bool lost; /* sqlite rolled an earlier part of this turn back: it cannot be committed any more */
        char error[256];
};

/* A parameter of a statement. */
typedef struct Value {
        bool is_text;
        const char *text; /* NULL is SQL's NULL; borrowed while the statement runs */
        int64_t number;
} Value;

static inline Value value_text(const char *text) {
        return (Value){ .is_text = true, .text = text };
}

static inline Value value_number(int64_t number) {
        return (Value){ .number = number };
}

/* Of clocks: far from the sign bit. */
static inline Value value_time(uint64_t usec) {
        assert(usec <= INT64_MAX);

        return value_number((int64_t) usec);
}

/* An id may come from anywhere; beyond what sqlite can count it becomes one that no row has. */
static inline Value value_id(uint64_t id) {
        return value_number(id <= INT64_MAX ? (int64_t) id : -1);
}

/* `store_write(store, sql, VALUES(value_number(7), value_text("x")))` */
#define VALUES(...) ((const Value[]){ __VA_ARGS__ }), ELEMENTSOF(((const Value[]){ __VA_ARGS__ }))
#define NO_VALUES   NULL, 0

/*
 * Keeps what sqlite says of the failure `code` for store_error(), and returns the negative errno that stands
 * for it. What the file system said is read from errno, which the caller cleared before it called sqlite:
 * sqlite3_system_errno() does not know of a commit that failed.
 */
int store_fail(Store *store, int code);
/* The same for a failure that sqlite knows nothing of. Returns `error`. */
int store_fail_text(Store *store, int error, const char *text);

/*
 * A cached statement with its parameters bound, to be stepped. `_cleanup_(statement_releasep) sqlite3_stmt
 * *s = NULL;`
 */
int store_query(Store *store, const char *sql, const Value *values, size_t n, sqlite3_stmt **ret);
void statement_releasep(sqlite3_stmt **statement);
/* 1 with a row, 0 at the end. */
int store_step(Store *store, sqlite3_stmt *statement);
/* Runs a statement that returns no rows. The number of rows it changed. */
int store_write(Store *store, const char *sql, const Value *values, size_t n);
/* The first column of the first row: 1, or 0 where there is no row. */
int store_read_number(Store *store, const char *sql, const Value *values, size_t n, int64_t *ret);
/* Runs statements of any kind that are used once; their rows go nowhere. */
int store_execute(Store *store, const char *sql);
void store_finalize_statements(Store *store);

/* Makes room for one more of `n` items of `size` bytes; NULL without memory, and `items` is as it was. */
void *items_grow(void *items, size_t n, size_t size);

/*
 * The columns of a row, from left to right. What a sound database cannot contain (NULL where a text has to
 * be, a number out of its range) and a lack of memory are remembered, and returned by row_end().
 */
typedef struct Row {
        sqlite3_stmt *statement;
        int column;
        int error;
} Row;

char *row_text(Row *row);
char *row_text_or_null(Row *row);
uint64_t row_number(Row *row, uint64_t max);
/* A word of those that `from_string` knows, as its number; where it is none of them, the row is damaged. */
int row_word(Row *row, int (*from_string)(const char *name), int otherwise);
int row_end(Store *store, const Row *row);

/* How rows become objects of one type. */
typedef struct RowKind {
        size_t size;
        void (*read)(Row *row, void *object); /* `object` is all zero */
        void (*done)(void *object);           /* frees what it owns, of one that was half read as well */
} RowKind;

/* The first row that the query finds: 1 and an object of malloc(), or 0 and NULL. */
int row_find(Store *store, const RowKind *kind, const char *sql, const Value *values, size_t n, void **ret);
/* All of them, as one array. */
int row_list(Store *store, const RowKind *kind, const char *sql, const Value *values, size_t n,
             void **ret_objects, size_t *ret_n);
/* Frees an array of those, and what is in it. */
void row_free(const RowKind *kind, void *objects, size_t n);

/*
 * transaction.c: all or nothing for a function of several statements: a savepoint inside the open transaction, a
 * transaction of its own elsewhere. `_cleanup_(step_undo) Step step = { 0 };` undoes whatever did not reach
 * step_end().
 */
typedef struct Step {
        Store *store;
        bool nested;
} Step;

int step_begin(Step *step, Store *store);
int step_end(Step *step);
void step_undo(Step *step);

/* Whether sqlite has a transaction open, whoever began it. */
bool store_in_transaction(const Store *store);

/*
 * file.c: creates the file with mode 0600 where there is none, and locks it. -EBUSY, -EROFS, -EIO, …
 */
int store_file_open(const char *path, int *ret_fd);

/* schema.c: settings of the connection, a look at the file, migrations. */
int store_configure(Store *store);
int store_migrate(Store *store);

/* settings.c: makes the store's UUID where there is none yet. */
int store_ensure_uuid(Store *store);

/*
 * The rows of stage ?1 that brought a version; the newest is what runs. A rollback that found its goal running already has
 * brought it back as well.
 */
#define GENERATION_ROWS \
        "WHERE stage_id = ?1 AND (state = 'succeeded' OR (state = 'unchanged' AND generation IS NOT NULL)) "

/* deploy.c: the row of the stage in that state, of which there is one at most. 1, or 0 and NULL. */
int store_find_queued(Store *store, int64_t stage_id, Deploy **ret);
int store_find_running(Store *store, int64_t stage_id, Deploy **ret);

/* queue.c, in the caller's step. Ends a row that is queued or running. */
int queue_end(Store *store, uint64_t id, int64_t stage_id, DeployState state, const char *reason);
/* Adds a row; `generation` is 0 but for rollbacks. -ENOBUFS. */
int queue_insert(Store *store, const Enqueue *enqueue, uint64_t generation, EnqueueResult *result);
/* Ends the queued row of a stage for a newer one, and hands it to the result. */
int queue_put_aside(Store *store, Deploy **queued, DeployState state, const char *reason,
                    EnqueueResult *result);

/* delivery.c: the keys by which a redelivery is recognised. `enqueue->delivery_id` is not NULL. */
int store_keep_delivery(Store *store, const Enqueue *enqueue, uint64_t deploy_id);
/* Before the deploys of a stage up to and with `last` are forgotten: their keys remember how they ended. */
int store_seal_deliveries(Store *store, int64_t stage_id, uint64_t last);

/* push.c, in the caller's step: `enqueue` has a hook and a time. */
int store_keep_push(Store *store, const Enqueue *enqueue, uint64_t deploy_id);
/* A row goes on as another, which is new. */
int store_copy_pushes(Store *store, uint64_t from, uint64_t to);

/* metrics.c, in the caller's step: the row of that id has ended. */
int store_count_end(Store *store, uint64_t id);
