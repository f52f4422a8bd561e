/* SPDX-License-Identifier: MIT */
/* Aligned columns, or JSON: see table.h. */
#include "ctl/print/table.h"

#include "ctl/print/moment.h"
#include "ctl/print/table-layout.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define ELLIPSIS "…"

Table *table_new(const Column *columns, size_t n_columns) {
        _cleanup_(table_freep) Table *table = NULL;

        assert(columns);
        assert(n_columns > 0 && n_columns <= TABLE_COLUMNS_MAX);

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
                r = text_escape(isempty(shown) ? TABLE_ABSENT : shown, &cell);
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

void table_add_json(Table *table, json_t *value) {
        table_add(table, value, NULL);
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
        char shown[MOMENT_SIZE];

        table_add(table, usec > 0 ? json_integer((json_int_t) usec) : json_null(),
                  moment_format(usec, shown));
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
        for (size_t i = 0; (column->flags & COLUMN_TIME) && i < TABLE_TIME_FORMS; i++)
                if (width == table_time_forms[i].width) {
                        (void) fprintf(file, "%.*s", (int) width, cell + table_time_forms[i].offset);
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
                gap = TABLE_GAP;
        }
        (void) fputc('\n', file);
}

int table_print(const Table *table, FILE *file, bool heading, bool coloured, size_t width) {
        Layout layout;

        assert(table);
        assert(file);

        if (table->error < 0)
                return table->error;

        layout = layout_make(table, heading, width);
        if (heading)
                print_row(table, file, NULL, coloured, &layout);
        for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
                print_row(table, file, table->cells + i, coloured, &layout);
        return 0;
}

bool table_is_cut(const Table *table, bool heading, size_t width) {
        Layout layout;

        assert(table);

        layout = layout_make(table, heading, width);
        for (size_t c = 0; c < table->n_columns; c++)
                if (layout_cuts(&layout, table, c))
                        return true;

        return false;
}

int table_print_to(const Table *table, const Ctl *ctl, bool heading) {
        assert(ctl);

        return table_print(table, ctl->out, heading, terminal_is_coloured(ctl->screen),
                           terminal_width(ctl->screen));
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
                ctl_print(ctl, "%zu %.*s listed.", n_rows, (int) (strlen(what) - (n_rows == 1)), what);
        return 0;
}
