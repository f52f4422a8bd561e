/* SPDX-License-Identifier: MIT */
/* Rows, and how they become objects. For the files of the store alone. */
#pragma once

#include "webhookd/store/statement.h"

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
