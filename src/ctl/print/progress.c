/* SPDX-License-Identifier: MIT */
/* Where a deploy is, as one line: see progress.h. */
#include "ctl/print/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/text.h"
#include "shared/protocol.h"

/* Bytes: more of a detail is on no terminal. */
#define DETAIL_MAX 512U

/* The bar, and the narrowest terminal that has room for it. */
#define BAR_WIDTH       20
#define BAR_SIZE        (BAR_WIDTH + 4)
#define BAR_COLUMNS_MIN 50U

#define BOLD  "\x1b[1m"
#define PLAIN "\x1b[0m"

int progress_percent(const char *phase, const char *detail) {
        int percent = 0, n = 0;

        assert(phase);
        assert(detail);

        if (!streq(phase, PHASE_PULLING))
                return -1;

        for (; detail[n] >= '0' && detail[n] <= '9' && n < 4; n++)
                percent = percent * 10 + (detail[n] - '0');

        return n > 0 && n < 4 && detail[n] == '%' && percent <= 100 ? percent : -1;
}

/* Cuts `text` to the characters that fit into `columns`. One beyond ASCII may be a wide one, so it counts twice. */
static size_t text_cut(char *text, size_t columns) {
        size_t n = 0, used = 0;

        while (text[n]) {
                size_t next = n + 1, width;

                while (((unsigned char) text[next] & 0xC0) == 0x80)
                        next++;
                width = next - n > 1 ? 2 : 1;
                if (used + width > columns)
                        break;

                used += width;
                n = next;
        }

        text[n] = '\0';
        return used;
}

/* Text from elsewhere without what controls a terminal, and no more of it than a line could have. */
static int clean(const char *text, char **ret) {
        _cleanup_free_ char *start = NULL;

        start = strndup(text, DETAIL_MAX);
        if (!start)
                return -ENOMEM;

        return text_escape(start, ret);
}

/* "[####----] " for 50; nothing where there is no percentage, or no room. */
static void draw_bar(int percent, size_t columns, char ret[static BAR_SIZE]) {
        if (percent < 0 || columns < BAR_COLUMNS_MIN) {
                ret[0] = '\0';
                return;
        }

        memset(ret, '-', BAR_SIZE);
        memset(ret + 1, '#', (size_t) (percent * BAR_WIDTH / 100));
        ret[0] = '[';
        memcpy(ret + 1 + BAR_WIDTH, "] ", 3);
}

int progress_line(const char *phase, const char *detail, uint64_t seconds, size_t columns, bool bold,
                  char **ret) {
        _cleanup_free_ char *safe_phase = NULL, *safe_detail = NULL, *rest = NULL;
        size_t left = columns > 0 ? columns - 1 : 0;
        char elapsed[24], bar[BAR_SIZE], *line;

        assert(ret);

        if (clean(phase, &safe_phase) < 0 || clean(detail, &safe_detail) < 0)
                return -ENOMEM;

        (void) snprintf(elapsed, sizeof(elapsed), "%" PRIu64 "s ", seconds);
        draw_bar(progress_percent(phase, detail), columns, bar);
        if (asprintf(&rest, " %s%s", bar, safe_detail) < 0) {
                rest = NULL;
                return -ENOMEM;
        }

        /* The last column stays free: some terminals go to the next line when it is written. */
        left -= text_cut(elapsed, left);
        left -= text_cut(safe_phase, left);
        (void) text_cut(rest, left);
        if (asprintf(&line, "%s%s%s%s%s", elapsed, bold ? BOLD : "", safe_phase, bold ? PLAIN : "", rest) <
            0)
                return -ENOMEM;

        *ret = line;
        return 0;
}
