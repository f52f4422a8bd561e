/* SPDX-License-Identifier: MIT */
/* Aligned columns: see table.h. */
#include "ctl/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>

struct Table {
        const char *const *headers;
        size_t n_columns;
        char **cells; /* row by row */
        size_t n_cells;
};

/* Columns that text takes: every byte but the continuations of UTF-8. */
static size_t text_width(const char *text) {
        size_t n = 0;

        for (; *text; text++)
                if (((unsigned char) *text & 0xC0) != 0x80)
                        n++;
        return n;
}

char *text_printable(const char *text) {
        char *copy = strdup(text);

        for (char *p = copy; p && *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        *p = *p == '\n' ? ' ' : '?';
        return copy;
}

Table *table_new(const char *const *headers) {
        Table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;

        table->headers = headers;
        while (headers[table->n_columns])
                table->n_columns++;
        assert(table->n_columns <= TABLE_COLUMNS_MAX);
        return table;
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;

        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}

int table_add(Table *table, ...) {
        char **grown;
        va_list cells;
        int r = 0;

        assert(table);

        grown = reallocarray(table->cells, table->n_cells + table->n_columns, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        table->cells = grown;

        va_start(cells, table);
        for (size_t i = 0; i < table->n_columns && r >= 0; i++) {
                const char *cell = va_arg(cells, const char *);
                char *copy = text_printable(isempty(cell) ? "-" : cell);

                if (copy)
                        table->cells[table->n_cells++] = copy;
                else
                        r = -ENOMEM;
        }
        va_end(cells);
        return r;
}

static size_t terminal_width(void) {
        struct winsize size;

        if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
                return size.ws_col;

        return SIZE_MAX;
}

/* The last cell of a line, cut where the terminal ends, between characters. */
static void print_last(const char *text, size_t room) {
        size_t width = 0, n = 0;

        if (text_width(text) <= room) {
                (void) printf("%s\n", text);
                return;
        }

        while (text[n] && width + 1 < room) {
                n++;
                while (((unsigned char) text[n] & 0xC0) == 0x80)
                        n++;
                width++;
        }
        (void) printf("%.*s…\n", (int) n, text);
}

static void print_row(const char *const *cells, const size_t *widths, size_t n, size_t terminal) {
        size_t used = 0;

        for (size_t i = 0; i + 1 < n; i++) {
                (void) printf("%s%*s  ", cells[i], (int) (widths[i] - text_width(cells[i])), "");
                used += widths[i] + 2;
        }
        print_last(cells[n - 1], terminal == SIZE_MAX || terminal <= used + 8 ? SIZE_MAX : terminal - used);
}

void table_print(const Table *table, bool legend, const char *what) {
        size_t widths[TABLE_COLUMNS_MAX] = { 0 }, terminal = terminal_width(), n_rows;

        assert(table);

        n_rows = table->n_cells / table->n_columns;
        for (size_t i = 0; i < table->n_columns; i++) {
                widths[i] = legend ? text_width(table->headers[i]) : 0;
                for (size_t row = 0; row < n_rows; row++) {
                        size_t width = text_width(table->cells[row * table->n_columns + i]);

                        if (width > widths[i])
                                widths[i] = width;
                }
        }

        if (legend && n_rows > 0)
                print_row(table->headers, widths, table->n_columns, terminal);
        for (size_t row = 0; row < n_rows; row++)
                print_row((const char *const *) &table->cells[row * table->n_columns], widths,
                          table->n_columns, terminal);
        if (legend)
                (void) printf("%s%zu %s listed.\n", n_rows > 0 ? "\n" : "", n_rows, what);
}
