/* SPDX-License-Identifier: MIT */
/* Ends of text: see utf8-cut.h. */
#include "shared/utf8-cut.h"

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
