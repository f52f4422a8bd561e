/* SPDX-License-Identifier: MIT */
/* What all verbs print with: see ctl.h. */
#include "ctl/ctl.h"

#include <stdarg.h>

#include "ctl/terminal.h"
#include "ctl/text.h"

static void print_line(FILE *file, const char *prefix, size_t columns, const char *format, va_list args)
                _printf_(4, 0);

/* On a terminal of so many columns lines end between words; 0: they do not end. */
static void print_line(FILE *file, const char *prefix, size_t columns, const char *format, va_list args) {
        _cleanup_free_ char *line = NULL, *safe = NULL, *whole = NULL;

        if (vasprintf(&line, format, args) < 0) {
                line = NULL;
                (void) fputs("Out of memory\n", file);
                return;
        }

        if (text_escape(line, &safe) < 0 || asprintf(&whole, "%s%s", prefix, safe) < 0) {
                whole = NULL;
                (void) fputs("Out of memory\n", file);
                return;
        }

        text_wrap(whole, columns);
        (void) fprintf(file, "%s\n", whole);
}

/* Where both outputs are one page, it is shown on the screen: see watch.c. */
static size_t error_columns(const Ctl *ctl) {
        return terminal_width(ctl->err == ctl->out ? ctl->screen : ctl->err);
}

void ctl_flush(const Ctl *ctl) {
        assert(ctl);

        if (fflush(ctl->out) != 0 && ctl->out_error && *ctl->out_error == 0)
                *ctl->out_error = errno;
}

/* What was printed stands before it, also where both go into one file. */
int ctl_fail(const Ctl *ctl, int error, const char *format, ...) {
        size_t columns;
        va_list args;

        assert(ctl);

        columns = error_columns(ctl);
        ctl_flush(ctl);
        va_start(args, format);
        errno = error < 0 ? -error : 0;
        print_line(ctl->err, "tinyforgectl: ", columns, format, args);
        va_end(args);
        return error;
}

void ctl_hint(const Ctl *ctl, const char *format, ...) {
        va_list args;

        assert(ctl);

        if (!ctl->legend)
                return;

        ctl_flush(ctl);
        va_start(args, format);
        print_line(ctl->err, "", error_columns(ctl), format, args);
        va_end(args);
}

void ctl_print(const Ctl *ctl, const char *format, ...) {
        va_list args;

        assert(ctl);

        va_start(args, format);
        print_line(ctl->out, "", /* columns= */ 0, format, args);
        va_end(args);
}

void ctl_print_prose(const Ctl *ctl, const char *format, ...) {
        va_list args;

        assert(ctl);

        va_start(args, format);
        print_line(ctl->out, "", terminal_width(ctl->screen), format, args);
        va_end(args);
}

static int print_json(const Ctl *ctl, const json_t *value, size_t flags) {
        _cleanup_free_ char *text = NULL;

        if (value)
                text = json_dumps(value, flags | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
        if (!text)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        /* jansson leaves one control character as it is; it can only stand inside a string. */
        for (const char *p = text; *p; p++)
                if (*p == 0x7f)
                        (void) fputs("\\u007f", ctl->out);
                else
                        (void) fputc(*p, ctl->out);
        (void) fputc('\n', ctl->out);
        return 0;
}

int ctl_print_json(const Ctl *ctl, json_t *value) {
        int r;

        assert(ctl);

        r = print_json(ctl, value, JSON_COMPACT);
        json_decref(value);
        return r;
}

int ctl_print_json_indented(const Ctl *ctl, const json_t *value) {
        assert(ctl);
        assert(value);

        return print_json(ctl, value, JSON_INDENT(2));
}

int ctl_exit_code(int r) {
        switch (r) {
        case -ENODEV:    /* ERROR_NO_SUCH_PROJECT */
        case -ENXIO:     /* ERROR_NO_SUCH_STAGE */
        case -ESRCH:     /* ERROR_NO_SUCH_DEPLOY */
        case -ENOMEDIUM: /* ERROR_NO_SUCH_HOOK */
                return CTL_EXIT_NOT_FOUND;
        default:
                return r < 0 ? CTL_EXIT_FAILURE : r;
        }
}
