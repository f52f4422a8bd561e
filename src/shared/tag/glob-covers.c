/* SPDX-License-Identifier: MIT */
/*
 * Whether one tag pattern takes all that another takes: see glob_covers() in glob.h. On tags a pattern is a sequence of
 * sets of characters and of stars. The wide pattern is laid over the narrow one: its sets have to contain the sets
 * that they lie upon, its stars may lie upon anything. Where that works it is a proof, since the same cut of a text
 * then fits both.
 */
#include "shared/tag/glob.h"

/* The characters of a tag, all of them ASCII: [A-Za-z0-9_.-]. */
#define TAG_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

#define N_TAG_CHARACTERS (sizeof(TAG_CHARACTERS) - 1)

/* One for each character of TAG_CHARACTERS. */
typedef struct CharSet {
        uint64_t bits[(N_TAG_CHARACTERS + 63) / 64];
} CharSet;

typedef struct Shape {
        CharSet sets[GLOB_MAX + 1];
        bool stars[GLOB_MAX + 1]; /* a star instead of a set */
        size_t n;
} Shape;

static void shape_add_star(Shape *shape) {
        if (shape->n > 0 && shape->stars[shape->n - 1])
                return;

        shape->stars[shape->n++] = true;
}

/* A star and any one character mean the same in both orders: the character is put first. */
static void shape_add_set(Shape *shape, CharSet set, bool any) {
        if (any && shape->n > 0 && shape->stars[shape->n - 1]) {
                shape->stars[shape->n - 1] = false;
                shape->sets[shape->n - 1] = set;
                shape_add_star(shape);
                return;
        }

        shape->stars[shape->n] = false;
        shape->sets[shape->n++] = set;
}

/* What the one token of `length` bytes at `token` takes. */
static CharSet token_set(const char *token, size_t length, bool *ret_any) {
        char pattern[GLOB_MAX + 1] = "", text[2] = "";
        CharSet set = { .bits = { 0 } };
        size_t n = 0;

        memcpy(pattern, token, length);
        for (size_t i = 0; i < N_TAG_CHARACTERS; i++) {
                text[0] = TAG_CHARACTERS[i];
                if (glob_match(pattern, text) > 0) {
                        set.bits[i / 64] |= UINT64_C(1) << (i % 64);
                        n++;
                }
        }

        *ret_any = n == N_TAG_CHARACTERS;
        return set;
}

/* The length of the token at `p` of a valid pattern; a byte of a longer character is a token of its own. */
static size_t token_length(const char *p) {
        const char *end = p;

        if (*p == '\\')
                return 2;
        if (*p != '[')
                return 1;

        /* The first "]" that is not escaped: in a valid pattern none comes before a character. */
        do
                end += *end == '\\' ? 2 : 1;
        while (*end != ']');

        return (size_t) (end - p) + 1;
}

static void shape_of(const char *pattern, Shape *ret) {
        size_t length;

        ret->n = 0;
        for (const char *p = pattern; *p; p += length) {
                CharSet set;
                bool any;

                length = token_length(p);
                if (*p == '*') {
                        shape_add_star(ret);
                        continue;
                }

                set = token_set(p, length, &any);
                shape_add_set(ret, set, any);
        }
}

/* A tag is never empty: a star alone takes at least one character. */
static void shape_make_not_empty(Shape *shape) {
        CharSet set;
        bool any;

        if (shape->n != 1 || !shape->stars[0])
                return;

        set = token_set("?", 1, &any);
        shape_add_set(shape, set, any);
}

static bool set_contains(const CharSet *wide, const CharSet *narrow) {
        for (size_t i = 0; i < ELEMENTSOF(wide->bits); i++)
                if ((narrow->bits[i] & ~wide->bits[i]) != 0)
                        return false;

        return true;
}

/* Row by row from the end: whether the wide shape from `w` on covers the narrow one from `n` on. */
static bool shape_covers(const Shape *wide, const Shape *narrow) {
        bool below[GLOB_MAX + 2] = { false }, row[GLOB_MAX + 2] = { false };

        below[narrow->n] = true;
        for (size_t w = wide->n; w-- > 0;) {
                row[narrow->n] = wide->stars[w] && below[narrow->n];
                for (size_t n = narrow->n; n-- > 0;)
                        if (wide->stars[w])
                                row[n] = below[n] || row[n + 1];
                        else
                                row[n] = !narrow->stars[n] && below[n + 1] &&
                                         set_contains(&wide->sets[w], &narrow->sets[n]);
                memcpy(below, row, sizeof(below));
        }

        return below[0];
}

bool glob_covers(const char *wide, const char *narrow) {
        Shape wide_shape, narrow_shape;

        if (glob_validate(wide, NULL, NULL) < 0 || glob_validate(narrow, NULL, NULL) < 0)
                return false;

        shape_of(wide, &wide_shape);
        shape_of(narrow, &narrow_shape);
        shape_make_not_empty(&narrow_shape);
        return shape_covers(&wide_shape, &narrow_shape);
}
