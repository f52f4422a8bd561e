/* SPDX-License-Identifier: MIT */
/* Table: rows of text in aligned columns. What a peer said is printed without its control characters. */
#pragma once

#include "shared/macro.h"

#define TABLE_COLUMNS_MAX 12U

typedef struct Table Table;

/* `headers` is NULL-terminated and borrowed. NULL: out of memory. */
Table *table_new(const char *const *headers);
Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free)

/* One row: as many strings as there are headers, copied; NULL or "" prints as "-". -ENOMEM. */
int table_add(Table *table, ...);

/* On a terminal, the last column is cut at its width. `legend`: headers above, the number of rows below. */
void table_print(const Table *table, bool legend, const char *what);

/* A copy in which control characters are "?"; NULL when out of memory. */
char *text_printable(const char *text);
