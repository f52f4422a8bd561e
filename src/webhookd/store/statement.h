/* SPDX-License-Identifier: MIT */
/*
 * The handle of the store and the cache of prepared statements. Those are cached by the address of their text, so SQL is
 * `static const char[]` beside its one user. Besides the files of the store only its own tests include this.
 */
#pragma once

#include "webhookd/store/counts.h"
#include "webhookd/store/presence.h"
#include "webhookd/store/store.h"
#include "webhookd/store/tally.h"

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;

typedef struct Statement {
        const char *sql;
        sqlite3_stmt *handle;
} Statement;

/* How many rows of a stage have ended since the last look for those that are to be forgotten. */
typedef struct StageEnds {
        int64_t stage_id;
        unsigned n;
} StageEnds;

/* Stages that are told apart, by their id; of those that share a place each is looked at too often. */
#define STAGE_ENDS 1024U

/* Where store_undo() goes back to. */
typedef struct Mark {
        size_t tallied; /* what the tally had then */
        bool torn;      /* a step since then was left half done */
} Mark;

/* That of a trial, and that of a delivery in it. */
#define MARKS_MAX 2U

struct Store {
        sqlite3 *db;
        int fd; /* of the file, with our lock on it: see file.c */
        Presence presence;
        Counts counts;
        Tally tally;
        StageEnds ends[STAGE_ENDS];
        unsigned n_unpruned; /* keys of deliveries, see delivery.h */
        bool released;       /* what waited for another row may be handed out, see awaited.c */
        Statement *statements;
        size_t n_statements;
        bool turn; /* store_begin() was called, and neither store_commit() nor store_rollback() since */
        Mark marks[MARKS_MAX];
        unsigned n_marks;
        bool lost;    /* sqlite rolled an earlier part of this turn back: it cannot be committed any more */
        int fault;    /* what store_fault() returns */
        bool is_new;  /* what store_is_new() returns */
        bool checked; /* quick_check found nothing since the store was opened */
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
/* The same for what failed with `other`, a database that has to do with the store. */
int store_fail_of(Store *store, sqlite3 *other, int code);
/* The same for a failure that sqlite knows nothing of. Returns `error`. */
int store_fail_text(Store *store, int error, const char *text);
/* The same for what cannot be what we have written: the store is given up. Returns -EIO. */
int store_fail_damage(Store *store, const char *text);

/*
 * A cached statement with its parameters bound, to be stepped. `_cleanup_(statement_releasep) sqlite3_stmt
 * *s = NULL;`
 */
int store_query(Store *store, const char *sql, const Value *values, size_t n, sqlite3_stmt **ret);
void statement_releasep(sqlite3_stmt **statement);
/* 1 with a row, 0 at the end. */
int store_step(Store *store, sqlite3_stmt *statement);
/* Runs a statement that returns no rows. The number of rows it changed. One that begins a transaction, or is one, looks for the file first. */
int store_write(Store *store, const char *sql, const Value *values, size_t n);
/* The first column of the first row: 1, or 0 where there is no row. */
int store_read_number(Store *store, const char *sql, const Value *values, size_t n, int64_t *ret);
/* The same of a text: 1 and a copy, or 0, also where it is NULL. */
int store_read_text(Store *store, const char *sql, const Value *values, size_t n, char **ret);
/* Runs statements of any kind that are used once; their rows go nowhere. */
int store_execute(Store *store, const char *sql);
void store_finalize_statements(Store *store);
/* Whether sqlite has a transaction open, whoever began it. One of a store that was given up counts for nothing. */
bool store_in_transaction(const Store *store);
