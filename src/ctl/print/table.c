/* SPDX-License-Identifier: MIT */
/* Aligned columns, or JSON: see table.h. */
#include "ctl/print/table.h"

#include <time.h>

#include "ctl/print/terminal.h"
#include "ctl/text.h"

#define GAP         2U
#define WIDTH_EASY  24U /* texts give way until here, before times do */
#define WIDTH_MIN   6U
#define COLUMNS_MAX 16U
#define ABSENT      "-"
#define ELLIPSIS    "…"

struct Table {
        const Column *columns;
        size_t n_columns;
        json_t *rows; /* array of objects */
        char **cells; /* what people see, escaped, row by row; NULL where they see nothing */
        size_t n_cells;
        int error;
};

Table *table_new(const Column *columns, size_t n_columns) {
        _cleanup_(table_freep) Table *table = NULL;

        assert(columns);
        assert(n_columns > 0 && n_columns <= COLUMNS_MAX);

        table = calloc(1, sizeof(*table));
        if (!table)
                return NULL;

        table->columns = columns;
        table->n_columns = n_columns;
        table->rows = json_array();
        return table->rows ? TAKE_PTR(table) : NULL;
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;

        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        json_decref(table->rows);
        free(table);
        return NULL;
}

static int table_add_value(Table *table, const Column *column, json_t *value) {
        json_t *row;

        if (table->n_cells % table->n_columns == 0 &&
            json_array_append_new(table->rows, json_object()) < 0) {
                json_decref(value);
                return -ENOMEM;
        }

        if (!column->key) {
                json_decref(value);
                return 0;
        }

        row = json_array_get(table->rows, json_array_size(table->rows) - 1);
        return json_object_set_new(row, column->key, value) < 0 ? -ENOMEM : 0;
}

static int table_add_cell(Table *table, const Column *column, const char *shown) {
        char **cells, *cell = NULL;
        int r;

        cells = reallocarray(table->cells, table->n_cells + 1, sizeof(*cells));
        if (!cells)
                return -ENOMEM;
        table->cells = cells;

        if (column->heading) {
                r = text_escape(isempty(shown) ? ABSENT : shown, &cell);
                if (r < 0)
                        return r;
        }

        table->cells[table->n_cells++] = cell;
        return 0;
}

/* Takes the reference to `value`. */
static void table_add(Table *table, json_t *value, const char *shown) {
        const Column *column;

        assert(table);

        if (table->error < 0 || !value) {
                json_decref(value);
                table->error = table->error < 0 ? table->error : -ENOMEM;
                return;
        }

        column = &table->columns[table->n_cells % table->n_columns];
        table->error = table_add_value(table, column, value);
        if (table->error >= 0)
                table->error = table_add_cell(table, column, shown);
}

void table_add_short(Table *table, const char *text, const char *shown) {
        table_add(table, isempty(text) ? json_null() : json_string(text), shown);
}

void table_add_text(Table *table, const char *text) {
        table_add_short(table, text, text);
}

void table_add_list(Table *table, char *const *texts) {
        _cleanup_free_ char *shown = NULL;
        json_t *list = json_array();

        for (; list && texts && *texts; texts++) {
                char *longer = NULL;

                if (json_array_append_new(list, json_string(*texts)) < 0 ||
                    asprintf(&longer, "%s%s%s", strempty(shown), shown ? " " : "", *texts) < 0) {
                        json_decref(list);
                        list = NULL;
                        break;
                }

                free(shown);
                shown = longer;
        }

        table_add(table, list, shown);
}

void table_add_number(Table *table, uint64_t number) {
        char shown[24];

        (void) snprintf(shown, sizeof(shown), "%llu", (unsigned long long) number);
        table_add(table, json_integer((json_int_t) number), shown);
}

void table_add_optional(Table *table, uint64_t number) {
        if (number == 0)
                table_add(table, json_null(), NULL);
        else
                table_add_number(table, number);
}

void table_add_bool(Table *table, bool value) {
        table_add(table, json_boolean(value), value ? "yes" : "no");
}

void table_add_time(Table *table, uint64_t usec) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        char shown[64] = "";
        struct tm tm;

        if (usec > 0 && localtime_r(&seconds, &tm))
                (void) strftime(shown, sizeof(shown), "%a %Y-%m-%d %H:%M:%S", &tm);
        table_add(table, usec > 0 ? json_integer((json_int_t) usec) : json_null(), shown);
}

size_t table_n_rows(const Table *table) {
        return table->n_cells / table->n_columns;
}

int table_error(const Table *table) {
        return table->error;
}

json_t *table_steal_json(Table *table) {
        return table->error < 0 ? NULL : TAKE_PTR(table->rows);
}

/* How the columns of a table lie: which are shown, and how wide. */
typedef struct Layout {
        bool shown[COLUMNS_MAX];
        size_t widths[COLUMNS_MAX];
        size_t last; /* of the columns that are shown */
} Layout;

/* Whether people see the column: it has a heading, and where it is rare, something in it. */
static bool column_is_shown(const Table *table, size_t c) {
        const Column *column = &table->columns[c];

        if (!column->heading || !(column->flags & COLUMN_RARE))
                return column->heading;

        for (size_t i = c; i < table->n_cells; i += table->n_columns)
                if (!streq(table->cells[i], ABSENT))
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

/*
 * Takes from the widest column that may shrink, again and again, until `excess` is gone or none is wider than `floor`.
 * Returns what is left of the excess.
 */
static size_t layout_shrink(Layout *layout, const Table *table, size_t floor, size_t excess) {
        for (; excess > 0; excess--) {
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

        return excess;
}

/* How a time is cut: "Sat 2026-01-31 12:34:56", "2026-01-31 12:34", "01-31 12:34". */
static const struct { size_t offset, width; } time_forms[] = { { 0, 23 }, { 4, 16 }, { 9, 11 } };

/* Returns what is left of the excess, or what has become free. */
static ssize_t layout_shorten_times(Layout *layout, const Table *table, size_t form, ssize_t excess) {
        for (size_t c = 0; c < table->n_columns; c++) {
                if (!layout->shown[c] || !(table->columns[c].flags & COLUMN_TIME) ||
                    layout->widths[c] <= time_forms[form].width)
                        continue;

                excess -= (ssize_t) (layout->widths[c] - time_forms[form].width);
                layout->widths[c] = time_forms[form].width;
        }

        return excess;
}

/* The last first. */
static void layout_drop(Layout *layout, const Table *table, size_t excess) {
        for (size_t c = table->n_columns; c-- > 1 && excess > 0;)
                if (layout->shown[c] && (table->columns[c].flags & COLUMN_DROPS)) {
                        size_t gain = layout->widths[c] + GAP;

                        layout->shown[c] = false;
                        excess -= gain < excess ? gain : excess;
                }
}

/* The times as long as the texts stay easy to read; then the texts as short as it takes. */
static void layout_fit(Layout *layout, const Table *table, size_t excess) {
        Layout fitted = *layout;
        ssize_t left = 0;

        for (size_t form = 0; form < ELEMENTSOF(time_forms); form++) {
                fitted = *layout;
                left = layout_shorten_times(&fitted, table, form, (ssize_t) excess);
                if (left > 0)
                        left = (ssize_t) layout_shrink(&fitted, table, WIDTH_EASY, (size_t) left);
                if (left <= 0)
                        break;
        }

        if (left > 0)
                left = (ssize_t) layout_shrink(&fitted, table, WIDTH_MIN, (size_t) left);
        if (left > 0)
                layout_drop(&fitted, table, (size_t) left);
        *layout = fitted;
}

static void layout_make(const Table *table, bool heading, size_t width, Layout *ret) {
        Layout layout = { .last = 0 };
        size_t sum = 0;

        for (size_t c = 0; c < table->n_columns; c++) {
                layout.shown[c] = column_is_shown(table, c);
                if (!layout.shown[c])
                        continue;

                layout.widths[c] = column_width(table, c, heading);
                layout.last = c;
                sum += layout.widths[c] + (sum > 0 ? GAP : 0);
        }

        if (width > 0 && sum > width)
                layout_fit(&layout, table, sum - width);
        while (layout.last > 0 && !layout.shown[layout.last])
                layout.last--;
        *ret = layout;
}

/* What is well is green, what is not is red, what was undone yellow; SGR parameters of ISO 6429. */
static const struct {
        const char *word;
        const char *colour;
} state_colours[] = {
        { "succeeded", "32" },   { "unchanged", "32" },  { "healthy", "32" },   { "active", "32" },
        { "failed", "31" },      { "unhealthy", "31" },  { "dead", "31" },      { "exited", "31" },
        { "rolled-back", "33" }, { "restarting", "33" }, { "superseded", "2" }, { "cancelled", "2" },
};

static const char *cell_colour(const Column *column, const char *cell) {
        if (column->flags & COLUMN_STATE)
                for (size_t i = 0; i < ELEMENTSOF(state_colours); i++)
                        if (streq(state_colours[i].word, cell))
                                return state_colours[i].colour;

        return NULL;
}

/* What is too wide is cut: a time at both ends. */
static void print_cut(FILE *file, const Column *column, const char *cell, size_t width) {
        for (size_t i = 0; (column->flags & COLUMN_TIME) && i < ELEMENTSOF(time_forms); i++)
                if (width == time_forms[i].width) {
                        (void) fprintf(file, "%.*s", (int) width, cell + time_forms[i].offset);
                        return;
                }

        if (column->flags & COLUMN_TAIL) {
                (void) fprintf(file, ELLIPSIS "%s", cell + text_prefix(cell, text_width(cell) - width + 1));
                return;
        }

        (void) fprintf(file, "%.*s" ELLIPSIS, (int) text_prefix(cell, width > 0 ? width - 1 : 0), cell);
}

static void print_cell(FILE *file, const Column *column, const char *cell, const char *colour, size_t width,
                       bool is_last) {
        size_t has = text_width(cell), pad = has < width ? width - has : 0;
        bool right = column->flags & COLUMN_RIGHT;

        if (right)
                (void) fprintf(file, "%*s", (int) pad, "");
        if (colour)
                (void) fprintf(file, "\x1b[%sm", colour);
        if (has > width)
                print_cut(file, column, cell, width);
        else
                (void) fputs(cell, file);
        if (colour)
                (void) fputs("\x1b[0m", file);
        if (!right && !is_last)
                (void) fprintf(file, "%*s", (int) pad, "");
}

/* One line: the cells, or the headings where `cells` is NULL. */
static void print_row(const Table *table, FILE *file, char *const *cells, bool coloured,
                      const Layout *layout) {
        size_t gap = 0;

        for (size_t c = 0; c <= layout->last; c++) {
                const Column *column = &table->columns[c];

                if (!layout->shown[c])
                        continue;

                (void) fprintf(file, "%*s", (int) gap, "");
                print_cell(file, column, cells ? cells[c] : column->heading,
                           cells && coloured ? cell_colour(column, cells[c]) : NULL, layout->widths[c],
                           c == layout->last);
                gap = GAP;
        }
        (void) fputc('\n', file);
}

int table_print(const Table *table, FILE *file, bool heading, bool coloured, size_t width) {
        Layout layout;

        assert(table);
        assert(file);

        if (table->error < 0)
                return table->error;

        layout_make(table, heading, width, &layout);
        if (heading)
                print_row(table, file, NULL, coloured, &layout);
        for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
                print_row(table, file, table->cells + i, coloured, &layout);
        return 0;
}

bool table_is_cut(const Table *table, bool heading, size_t width) {
        Layout layout;

        assert(table);

        layout_make(table, heading, width, &layout);
        for (size_t c = 0; c < table->n_columns; c++)
                if (layout.shown[c] && !(table->columns[c].flags & COLUMN_TIME) &&
                    layout.widths[c] < column_width(table, c, /* heading= */ false))
                        return true;

        return false;
}

int table_print_to(const Table *table, const Ctl *ctl, bool heading) {
        assert(ctl);

        return table_print(table, ctl->out, heading, terminal_is_coloured(ctl->out),
                           terminal_width(ctl->out));
}

int table_show(Table *table, const Ctl *ctl, const char *what) {
        size_t n_rows;
        int r;

        assert(table);
        assert(ctl);

        if (table->error < 0)
                return ctl_fail(ctl, table->error, "Cannot show the rows: %m");
        if (ctl->json)
                return ctl_print_json(ctl, table_steal_json(table));

        n_rows = table_n_rows(table);
        r = table_print_to(table, ctl, ctl->legend && n_rows > 0);
        if (r < 0)
                return ctl_fail(ctl, r, "Cannot show the rows: %m");

        if (ctl->legend && n_rows > 0)
                ctl_print(ctl, "%s", "");
        if (ctl->legend)
                ctl_print(ctl, "%zu %s listed.", n_rows, what);
        return 0;
}
