/* SPDX-License-Identifier: MIT */
/* A verb again and again: see watch.h. */
#include "ctl/watch.h"

#include <time.h>

#include "ctl/terminal.h"

#define PAUSE_SEC 2

/* To the first place of the terminal, and nothing from there on. */
#define CLEAR_ALL "\x1b[H\x1b[J"

/* A colour begins with one and ends with the other: see print/table.c. */
#define ESCAPE     '\x1b'
#define ESCAPE_END "m"

/* What a line of `length` bytes takes of a terminal: a row more for each time that it reaches the end of one. */
static size_t rows_of(const char *line, size_t length, size_t columns) {
        size_t width = 0;

        for (size_t i = 0; i < length; i++)
                if (line[i] == ESCAPE)
                        i += strcspn(line + i, ESCAPE_END);
                else
                        width += ((unsigned char) line[i] & 0xC0) != 0x80;

        return columns > 0 && width > columns ? (width + columns - 1) / columns : 1;
}

/* Whole lines: what does not fit would push its beginning out. */
static size_t fitting(const char *text, size_t n_rows, size_t columns) {
        size_t fits = 0;

        while (text[fits]) {
                size_t length = strcspn(text + fits, "\n"), rows = rows_of(text + fits, length, columns);

                if (rows > n_rows)
                        break;

                n_rows -= rows;
                fits += length + (text[fits + length] == '\n');
        }

        return fits;
}

static void show(FILE *screen, const char *text) {
        size_t height = terminal_height(screen);

        (void) fprintf(screen, CLEAR_ALL "%.*s",
                       (int) (height > 1 ? fitting(text, height - 1, terminal_width(screen)) : strlen(text)),
                       text);
}

/* One answer as a whole, so that the terminal is not empty while the daemons are asked; with what was said to `ctl->err`. */
static int run_on_page(Ctl *ctl, VerbFunction run, char *args[]) {
        _cleanup_free_ char *text = NULL;
        FILE *err = ctl->err, *page;
        size_t size;
        int r;

        page = open_memstream(&text, &size);
        if (!page)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        ctl->out = ctl->err = page;
        r = run(ctl, args);
        ctl->out = ctl->screen;
        ctl->err = err;
        if (fclose(page) != 0)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        show(ctl->screen, text);
        return r;
}

static int run_plainly(Ctl *ctl, VerbFunction run, char *args[], bool is_first) {
        if (!is_first && !ctl->json)
                ctl_print(ctl, "%s", "");
        return run(ctl, args);
}

int watch_run(Ctl *ctl, VerbFunction run, char *args[]) {
        bool redraws = !ctl->json && terminal_redraws(ctl->screen), is_first = true;
        int r;

        assert(ctl);
        assert(run);

        for (;; is_first = false) {
                r = redraws ? run_on_page(ctl, run, args) : run_plainly(ctl, run, args, is_first);
                ctl_flush(ctl);
                if (ferror(ctl->out))
                        return CTL_EXIT_FAILURE;
                if (r < 0)
                        return r;

                (void) nanosleep(&(struct timespec){ .tv_sec = PAUSE_SEC }, NULL);
        }
}
