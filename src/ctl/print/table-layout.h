/* SPDX-License-Identifier: MIT */
/*
 * Layout: which columns of a table people see, and how wide. Where a terminal is too narrow for all of them as they are, times and
 * texts are cut, and columns left out, in an order that keeps what tells one row from another. For table.c alone.
 */
#pragma once

#include <jansson.h>

#include "ctl/print/column.h"

#define TABLE_COLUMNS_MAX 32U

/* Between two columns. */
#define TABLE_GAP 2U

/* What people see where there is nothing. */
#define TABLE_ABSENT "-"

typedef struct Table {
        const Column *columns;
        size_t n_columns;
        json_t *rows; /* array of objects */
        char **cells; /* what people see, escaped, row by row; NULL where they see nothing */
        size_t n_cells;
        int error;
} Table;

/* How a time is cut: from which byte of "Sat 2026-01-31 12:34:56" on, and to which width. */
typedef struct TimeForm {
        size_t offset, width;
} TimeForm;

#define TABLE_TIME_FORMS 3U
extern const TimeForm table_time_forms[TABLE_TIME_FORMS];

typedef struct Layout {
        bool shown[TABLE_COLUMNS_MAX];
        size_t widths[TABLE_COLUMNS_MAX];
        size_t last; /* of the columns that are shown */
} Layout;

/* For `width` columns of a terminal; 0: as wide as it gets. */
Layout layout_make(const Table *table, bool heading, size_t width);

/* Whether the column has something that this layout does not show; the forms of a time do not count, nor does what is spare. */
bool layout_cuts(const Layout *layout, const Table *table, size_t column);
