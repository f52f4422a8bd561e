/* SPDX-License-Identifier: MIT */
/* Foreign text made harmless: see text.h. */
#include "deployerd/text.h"

/* Bytes of the UTF-8 character at `p`, by the table of Unicode's section 3.9; 0 where there is none. */
static size_t utf8_length(const unsigned char *p) {
        unsigned char low = 0x80, high = 0xbf;
        size_t n;

        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xc2 && p[0] <= 0xdf)
                n = 2;
        else if ((p[0] & 0xf0) == 0xe0)
                n = 3;
        else if (p[0] >= 0xf0 && p[0] <= 0xf4)
                n = 4;
        else
                return 0;

        if (p[0] == 0xe0)
                low = 0xa0;
        else if (p[0] == 0xed)
                high = 0x9f;
        else if (p[0] == 0xf0)
                low = 0x90;
        else if (p[0] == 0xf4)
                high = 0x8f;
        if (p[1] < low || p[1] > high)
                return 0;

        for (size_t i = 2; i < n; i++)
                if (p[i] < 0x80 || p[i] > 0xbf)
                        return 0;

        return n;
}

void text_clean(char *text) {
        unsigned char *p = (unsigned char *) text;

        assert(text);

        while (*p) {
                size_t n = utf8_length(p);

                if (n == 0)
                        *p++ = '?';
                else {
                        if (*p < 0x20 || *p == 0x7f)
                                *p = ' ';
                        p += n;
                }
        }
}

const char *text_find_bad(const char *text) {
        const unsigned char *p = (const unsigned char *) text;

        assert(text);

        while (*p) {
                size_t n = utf8_length(p);

                if (n == 0)
                        return (const char *) p;
                p += n;
        }

        return NULL;
}

bool text_contains_any(const char *text, const char *const words[], size_t n) {
        assert(text);

        for (size_t i = 0; i < n; i++)
                if (strcasestr(text, words[i]))
                        return true;

        return false;
}
