/* SPDX-License-Identifier: MIT */
/* Column: one column of a table, for people, for programs, or for both. */
#pragma once

#include "shared/macro.h"

typedef enum ColumnFlags {
        COLUMN_RIGHT = 1 << 0,   /* aligned at its right end: numbers */
        COLUMN_SHRINKS = 1 << 1, /* may be cut where the terminal is too narrow */
        COLUMN_RARE = 1 << 2,    /* not shown to people where no row has anything in it */
        COLUMN_TIME = 1
                      << 3, /* of table_add_time(): without its seconds, and then its year, on a narrow terminal */
        COLUMN_DROPS = 1 << 4, /* left out where all that did not help */
        COLUMN_STATE = 1 << 5, /* coloured where it says that something is well, or is not */
        COLUMN_TAIL = 1 << 6,  /* cut at its beginning, since what counts stands at its end */
        COLUMN_SPARE = 1 << 7, /* left out before a text is cut so that it is hard to read */
        COLUMN_LONG = 1 << 8,  /* a sentence: left out after those that are spare, and missed where it is */
} ColumnFlags;

typedef struct Column {
        const char *heading; /* NULL: for programs only */
        const char *key;     /* in JSON; NULL: for people only */
        unsigned flags;      /* of ColumnFlags */
} Column;
