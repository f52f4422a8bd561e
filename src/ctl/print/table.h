/* SPDX-License-Identifier: MIT */
/*
 * Table: rows that a verb shows, as aligned columns for people or as a JSON array of objects for programs. A fault while
 * rows are added is kept, and told when the table is shown.
 *
 * The room print/ is how things look: tables, the rows of the daemons' answers in them (rows.h), and the way of a deploy
 * (follow.h). For the verbs. It never calls a daemon: it reads answers that are there.
 */
#pragma once

#include "ctl/ctl.h"
#include "ctl/print/column.h"

typedef struct Table Table;

/* `columns` has to outlive the table. NULL: no memory. */
Table *table_new(const Column *columns, size_t n_columns);
Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free)

/* Each adds the next cell, row by row. NULL and "" are a dash for people and null in JSON. */
void table_add_text(Table *table, const char *text);
/* People see `shown`, programs `text`. */
void table_add_short(Table *table, const char *text, const char *shown);
/* A NULL-terminated array, or NULL: a space between two for people, an array in JSON. */
void table_add_list(Table *table, char *const *texts);
/* For JSON alone: the column has no heading. Takes the reference to `value`; NULL counts as out of memory. */
void table_add_json(Table *table, json_t *value);
void table_add_number(Table *table, uint64_t number);
/* 0 is a dash and null. */
void table_add_optional(Table *table, uint64_t number);
/* "yes" or "no", true or false. */
void table_add_bool(Table *table, bool value);
/* µs since the epoch: local time for people; 0 is a dash and null. */
void table_add_time(Table *table, uint64_t usec);

size_t table_n_rows(const Table *table);

/* Whether something went wrong while cells were added: 0 or a negative errno. */
int table_error(const Table *table);

/* Takes the rows out of the table, as a JSON array; NULL where table_error() is not 0. */
json_t *table_steal_json(Table *table);

/* For people, within `width` columns where that can be done; 0: as wide as it gets. Heading and colours are the caller's wish. */
int table_print(const Table *table, FILE *file, bool heading, bool coloured, size_t width);

/* Whether a text is cut for that; the forms of a time do not count. */
bool table_is_cut(const Table *table, bool heading, size_t width);

/* The same, as wide and coloured as what is behind `ctl->out` allows. */
int table_print_to(const Table *table, const Ctl *ctl, bool heading);

/*
 * As the options of `ctl` ask for; under a table for people stands how many of `what`, which ends in "s", there are. Reports its
 * faults.
 */
int table_show(Table *table, const Ctl *ctl, const char *what);
