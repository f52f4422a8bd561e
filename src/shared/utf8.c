/* SPDX-License-Identifier: MIT */
/* Characters of text, and its ends: see utf8.h. */
#include "shared/utf8.h"

#include <limits.h>

/* The longest character. */
#define UTF8_MAX 4U

static bool continues(char c) {
        return ((unsigned char) c & 0xc0) == 0x80;
}

/* By its first byte; 1 for what begins none, as 0xff does not (RFC 3629, section 3). */
static size_t character_length(char first) {
        unsigned char c = (unsigned char) first;

        return c > 0xf4 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
}

/* Without the beginning of a character that goes on behind. */
static size_t whole_length(const char *text, size_t length) {
        size_t begin = length;

        while (begin > 0 && length - begin < UTF8_MAX - 1 && continues(text[begin - 1]))
                begin--;
        if (begin == 0)
                return length;

        begin--;
        return begin + character_length(text[begin]) > length ? begin : length;
}

int utf8_cut(const char *text, size_t max) {
        size_t length;

        assert(text);
        assert(max < INT_MAX);

        length = strnlen(text, max + 1);
        return (int) (length > max ? whole_length(text, max) : length);
}

void utf8_trim(char *text) {
        assert(text);

        text[whole_length(text, strlen(text))] = '\0';
}

/* By the table of Unicode's section 3.9. */
size_t utf8_length(const char *text) {
        const unsigned char *p = (const unsigned char *) text;
        unsigned char low = 0x80, high = 0xbf;
        size_t n;

        assert(text);

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

const char *utf8_find_bad(const char *text) {
        size_t n;

        assert(text);

        for (; *text; text += n) {
                n = utf8_length(text);
                if (n == 0)
                        return text;
        }

        return NULL;
}

size_t utf8_mark_length(const char *bytes, size_t length) {
        static const char mark[] = "\xef\xbb\xbf";

        assert(bytes || length == 0);

        return length >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0 ? strlen(mark) : 0;
}
