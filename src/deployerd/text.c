/* SPDX-License-Identifier: MIT */
/* Foreign text made harmless: see text.h. */
#include "deployerd/text.h"

#include "shared/utf8.h"

void text_clean(char *text) {
        unsigned char *p = (unsigned char *) text;

        assert(text);

        while (*p) {
                size_t n = utf8_length((const char *) p);

                if (n == 0)
                        *p++ = '?';
                else {
                        if (*p < 0x20 || *p == 0x7f)
                                *p = ' ';
                        p += n;
                }
        }
}

bool text_contains_any(const char *text, const char *const words[], size_t n) {
        assert(text);

        for (size_t i = 0; i < n; i++)
                if (strcasestr(text, words[i]))
                        return true;

        return false;
}
