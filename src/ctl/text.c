/* SPDX-License-Identifier: MIT */
/* Text from elsewhere on a terminal: see text.h. */
#include "ctl/text.h"

#include <stdio.h>

/* The longest escape: "\U000e0001" and its end. */
#define ESCAPE_SIZE 12U

typedef struct Range {
        uint32_t first;
        uint32_t last;
} Range;

/* Control characters of ISO 6429, and the invisible and direction-changing ones of Unicode (category Cf, Zl, Zp). */
static const Range harmful[] = {
        { 0x00, 0x1F },     { 0x7F, 0x9F },     { 0xAD, 0xAD },       { 0x61C, 0x61C },
        { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E },   { 0x2060, 0x206F },
        { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE007F },
};

static bool rune_is_harmful(uint32_t rune) {
        for (size_t i = 0; i < ELEMENTSOF(harmful); i++)
                if (rune >= harmful[i].first && rune <= harmful[i].last)
                        return true;

        return false;
}

/* The length of the character at `p`, and the character; 0 where it is no UTF-8. */
static size_t rune_read(const char *p, uint32_t *ret) {
        const unsigned char *bytes = (const unsigned char *) p;
        static const uint32_t minimum[] = { 0, 0, 0x80, 0x800, 0x10000 };
        size_t n = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;
        uint32_t rune = n == 1 ? bytes[0] : bytes[0] & (0x7FU >> n);

        for (size_t i = 1; i < n; i++) {
                if ((bytes[i] & 0xC0) != 0x80)
                        return 0;
                rune = rune << 6 | (bytes[i] & 0x3FU);
        }

        /* Continuation bytes begin nothing; the rest is overlong, too large, or half of a pair. */
        if ((n > 1 && bytes[0] < 0xC2) || bytes[0] > 0xF4 || rune < minimum[n] || rune > 0x10FFFF ||
            (rune >= 0xD800 && rune <= 0xDFFF))
                return 0;

        *ret = rune;
        return n;
}

int text_escape(const char *text, char **ret) {
        size_t length, n;
        char *escaped, *q;
        uint32_t rune;

        assert(text);
        assert(ret);

        length = strlen(text);
        escaped = q = malloc(length * (ESCAPE_SIZE - 1) + 1);
        if (!escaped)
                return -ENOMEM;

        for (const char *p = text; *p; p += n) {
                char one[ESCAPE_SIZE];

                n = rune_read(p, &rune);
                if (n > 0 && !rune_is_harmful(rune)) {
                        memcpy(q, p, n);
                        q += n;
                        continue;
                }

                if (n <= 1)
                        (void) snprintf(one, sizeof(one), "\\x%02x", (unsigned char) *p);
                else
                        (void) snprintf(one, sizeof(one), rune > 0xFFFF ? "\\U%08x" : "\\u%04x", rune);
                q = stpcpy(q, one);
                n = n > 0 ? n : 1;
        }

        *q = '\0';
        *ret = escaped;
        return 0;
}

/* A byte that begins a character; what escaping left is UTF-8. */
static bool byte_begins(char c) {
        return ((unsigned char) c & 0xC0) != 0x80;
}

size_t text_width(const char *text) {
        size_t width = 0;

        for (; *text; text++)
                width += byte_begins(*text);
        return width;
}

size_t text_prefix(const char *text, size_t columns) {
        size_t n = 0;

        while (text[n] && (columns > 0 || !byte_begins(text[n])))
                columns -= byte_begins(text[n++]);
        return n;
}

void text_wrap(char *text, size_t columns) {
        char *blank = NULL;
        size_t width = 0, since_blank = 0;

        for (char *p = text; columns > 0 && *p; p++) {
                width += byte_begins(*p);
                since_blank += byte_begins(*p);
                if (*p == ' ') {
                        blank = width > 1 ? p : NULL;
                        since_blank = 0;
                }

                if (width > columns && *p != ' ' && blank) {
                        *blank = '\n';
                        blank = NULL;
                        width = since_blank;
                }
        }
}
