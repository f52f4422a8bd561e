/* SPDX-License-Identifier: MIT */
/* How the columns of a table lie: see table-layout.h. */
#include "ctl/print/table-layout.h"

#include "ctl/text.h"

#define WIDTH_EASY  24U /* texts give way until here, before times do */
#define WIDTH_MIN   6U
#define WIDTH_LEAST 40U /* of a terminal that a table fits; below, being read comes before fitting */

/* "Sat 2026-01-31 12:34:56", "2026-01-31 12:34", "01-31 12:34". */
const TimeForm table_time_forms[TABLE_TIME_FORMS] = { { 0, 23 }, { 4, 16 }, { 9, 11 } };

/* Whether people see the column: it has a heading, and where it is rare, something in it. */
static bool column_is_shown(const Table *table, size_t c) {
        const Column *column = &table->columns[c];

        if (!column->heading || !(column->flags & COLUMN_RARE))
                return column->heading;

        for (size_t i = c; i < table->n_cells; i += table->n_columns)
                if (!streq(table->cells[i], TABLE_ABSENT))
                        return true;

        return false;
}

static size_t column_width(const Table *table, size_t c, bool heading) {
        size_t width = heading ? text_width(table->columns[c].heading) : 0;

        for (size_t i = c; i < table->n_cells; i += table->n_columns) {
                size_t has = text_width(table->cells[i]);

                width = has > width ? has : width;
        }

        return width;
}

/* How many columns of the terminal are missing; 0 or less: none. */
static ssize_t layout_excess(const Layout *layout, const Table *table, size_t width) {
        ssize_t sum = -(ssize_t) TABLE_GAP;

        for (size_t c = 0; c < table->n_columns; c++)
                if (layout->shown[c])
                        sum += (ssize_t) (layout->widths[c] + TABLE_GAP);

        return sum - (ssize_t) width;
}

/* Takes from the widest column that may shrink, again and again, until it fits or none is wider than `floor`. */
static void layout_shrink(Layout *layout, const Table *table, size_t floor, size_t width) {
        for (ssize_t excess = layout_excess(layout, table, width); excess > 0; excess--) {
                size_t widest = SIZE_MAX;

                for (size_t c = 0; c < table->n_columns; c++)
                        if (layout->shown[c] && (table->columns[c].flags & COLUMN_SHRINKS) &&
                            layout->widths[c] > floor &&
                            (widest == SIZE_MAX || layout->widths[c] > layout->widths[widest]))
                                widest = c;
                if (widest == SIZE_MAX)
                        break;

                layout->widths[widest]--;
        }
}

static void layout_shorten_times(Layout *layout, const Table *table, size_t form) {
        for (size_t c = 0; c < table->n_columns; c++)
                if (layout->shown[c] && (table->columns[c].flags & COLUMN_TIME) &&
                    layout->widths[c] > table_time_forms[form].width)
                        layout->widths[c] = table_time_forms[form].width;
}

/* The times as long as the texts stay easy to read. */
static Layout layout_fit_easily(const Layout *layout, const Table *table, size_t width) {
        Layout fitted = *layout;

        for (size_t form = 0; form < TABLE_TIME_FORMS; form++) {
                fitted = *layout;
                layout_shorten_times(&fitted, table, form);
                layout_shrink(&fitted, table, WIDTH_EASY, width);
                if (layout_excess(&fitted, table, width) <= 0)
                        break;
        }

        return fitted;
}

/* Leaves out the last column with one of these flags, or without `kept`; never the first, which names the row. */
static bool layout_drop(Layout *layout, const Table *table, unsigned flags, unsigned kept) {
        for (size_t c = table->n_columns; c-- > 1;)
                if (layout->shown[c] && (flags == 0 || (table->columns[c].flags & flags)) &&
                    !(table->columns[c].flags & kept)) {
                        layout->shown[c] = false;
                        return true;
                }

        return false;
}

static Layout layout_fit(Layout layout, const Table *table, size_t width) {
        Layout fitted;

        do
                fitted = layout_fit_easily(&layout, table, width);
        while (layout_excess(&fitted, table, width) > 0 &&
               (layout_drop(&layout, table, COLUMN_SPARE, /* kept= */ 0) ||
                layout_drop(&layout, table, COLUMN_LONG, /* kept= */ 0)));

        /* The texts as short as it takes; then whole columns. */
        layout_shrink(&fitted, table, WIDTH_MIN, width);
        while (layout_excess(&fitted, table, width) > 0 &&
               (layout_drop(&fitted, table, COLUMN_DROPS, /* kept= */ 0) ||
                (width >= WIDTH_LEAST && layout_drop(&fitted, table, /* flags= */ 0, COLUMN_STATE))))
                ;

        return fitted;
}

Layout layout_make(const Table *table, bool heading, size_t width) {
        Layout layout = { .last = 0 };

        for (size_t c = 0; c < table->n_columns; c++) {
                layout.shown[c] = column_is_shown(table, c);
                layout.widths[c] = layout.shown[c] ? column_width(table, c, heading) : 0;
        }

        if (width > 0 && layout_excess(&layout, table, width) > 0)
                layout = layout_fit(layout, table, width);

        for (size_t c = 0; c < table->n_columns; c++)
                if (layout.shown[c])
                        layout.last = c;
        return layout;
}

bool layout_cuts(const Layout *layout, const Table *table, size_t column) {
        if (!layout->shown[column])
                return column_is_shown(table, column) && !(table->columns[column].flags & COLUMN_SPARE);

        return !(table->columns[column].flags & COLUMN_TIME) &&
               layout->widths[column] < column_width(table, column, /* heading= */ false);
}
