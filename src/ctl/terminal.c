/* SPDX-License-Identifier: MIT */
/* What is behind an output: see terminal.h. */
#include "ctl/terminal.h"

#include <sys/ioctl.h>

#include "shared/conf/parse.h"

/* No terminal is wider. */
#define COLUMNS_LIMIT 10000U

static bool is_terminal(FILE *file) {
        int fd = fileno(file);

        return fd >= 0 && isatty(fd);
}

size_t terminal_width(FILE *file) {
        const char *columns = getenv("COLUMNS");
        struct winsize size = { 0 };
        uint64_t wanted;

        assert(file);

        if (!is_terminal(file))
                return 0;
        if (columns && parse_uint(columns, COLUMNS_LIMIT, &wanted) >= 0 && wanted > 0)
                return (size_t) wanted;

        return ioctl(fileno(file), TIOCGWINSZ, &size) >= 0 ? size.ws_col : 0;
}

size_t terminal_height(FILE *file) {
        struct winsize size = { 0 };

        assert(file);

        return is_terminal(file) && ioctl(fileno(file), TIOCGWINSZ, &size) >= 0 ? size.ws_row : 0;
}

bool terminal_redraws(FILE *file) {
        const char *term = getenv("TERM");

        assert(file);

        return is_terminal(file) && !isempty(term) && !streq(term, "dumb");
}

bool terminal_is_coloured(FILE *file) {
        return terminal_redraws(file) && isempty(getenv("NO_COLOR"));
}
