/* SPDX-License-Identifier: MIT */
/*
 * Tag patterns: see glob.h. A pattern is taken apart into tokens, which also finds what is malformed; matching goes
 * back to the last `*` only, so that its time is bounded by the product of both lengths. As in Go, a `*` takes bytes,
 * and characters outside of brackets are compared byte by byte; `?` and brackets take one rune.
 */
#include "shared/tag/glob.h"

#define RUNE_ERROR 0xFFFDU

typedef enum TokenKind {
        TOKEN_LITERAL,
        TOKEN_ANY,  /* ? */
        TOKEN_STAR, /* * */
        TOKEN_SET,  /* [...] */
} TokenKind;

typedef struct Token {
        TokenKind kind;
        unsigned char literal;
        const char *set; /* behind "[" or "[^" */
        bool negated;
} Token;

/* One rune of UTF-8; what is none counts as one byte and is U+FFFD, as in Go. */
static size_t rune_decode(const char *text, uint32_t *ret) {
        const unsigned char *p = (const unsigned char *) text;
        static const uint32_t minimum[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t rune;
        size_t n;

        if (p[0] < 0x80) {
                *ret = p[0];
                return 1;
        }

        n = p[0] >= 0xF0 && p[0] <= 0xF4  ? 4
            : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
            : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                                          : 0;
        *ret = RUNE_ERROR;
        if (n == 0)
                return 1;

        rune = p[0] & (0x7FU >> n);
        for (size_t i = 1; i < n; i++) {
                if ((p[i] & 0xC0) != 0x80)
                        return 1;
                rune = rune << 6 | (p[i] & 0x3FU);
        }

        if (rune < minimum[n] || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
                return 1;

        *ret = rune;
        return n;
}

/* One end of a range inside brackets. NULL and `*ret_rune`, or what is wrong. */
static const char *set_rune(const char **p, uint32_t *ret_rune) {
        size_t n;

        if (**p == '\0')
                return "a '[' is never closed";
        if (**p == '-' || **p == ']')
                return "a '-' or ']' stands where a character has to be";
        if (**p == '\\' && *++*p == '\0')
                return "nothing follows the last '\\'";

        n = rune_decode(*p, ret_rune);
        if (*ret_rune == RUNE_ERROR && n == 1)
                return "the bytes inside brackets are not UTF-8";

        *p += n;
        return **p == '\0' ? "a '[' is never closed" : NULL;
}

/* One range of a set: a character, or two with a dash. */
static const char *set_range(const char **p, uint32_t *ret_low, uint32_t *ret_high) {
        const char *problem = set_rune(p, ret_low);

        if (problem)
                return problem;

        if (**p == '-') {
                (*p)++;
                return set_rune(p, ret_high);
        }

        *ret_high = *ret_low;
        return NULL;
}

static const char *set_skip(const char **p) {
        unsigned n = 0;

        for (;;) {
                uint32_t low, high;
                const char *problem;

                if (**p == ']' && n > 0) {
                        (*p)++;
                        return NULL;
                }

                problem = set_range(p, &low, &high);
                if (problem)
                        return problem;
                n++;
        }
}

/* The token at `*p`, which is then behind it. NULL, or what is wrong. */
static const char *token_next(const char **p, Token *ret) {
        const char *problem = NULL;

        *ret = (Token){ .kind = TOKEN_LITERAL };
        switch (**p) {
        case '*':
                ret->kind = TOKEN_STAR;
                (*p)++;
                break;
        case '?':
                ret->kind = TOKEN_ANY;
                (*p)++;
                break;
        case '[':
                ret->kind = TOKEN_SET;
                (*p)++;
                ret->negated = **p == '^';
                if (ret->negated)
                        (*p)++;
                ret->set = *p;
                problem = set_skip(p);
                break;
        default:
                if (**p == '\\' && *++*p == '\0')
                        return "nothing follows the last '\\'";
                ret->literal = (unsigned char) *(*p)++;
                break;
        }

        return problem;
}

int glob_validate(const char *pattern, const char **ret_reason, size_t *ret_offset) {
        const char *p = pattern, *problem = NULL;

        assert(pattern);

        if (strnlen(pattern, GLOB_MAX + 1) > GLOB_MAX) {
                if (ret_reason)
                        *ret_reason = "the pattern has more than 255 bytes";
                if (ret_offset)
                        *ret_offset = GLOB_MAX;
                return -ENAMETOOLONG;
        }

        while (*p && !problem) {
                Token token;

                problem = token_next(&p, &token);
        }
        if (!problem)
                return 0;

        if (ret_reason)
                *ret_reason = problem;
        if (ret_offset)
                *ret_offset = (size_t) (p - pattern);
        return -EINVAL;
}

static bool set_has(const Token *token, uint32_t rune) {
        const char *p = token->set;
        bool found = false;

        do {
                uint32_t low, high;

                found |= !set_range(&p, &low, &high) && low <= rune && rune <= high;
        } while (*p != ']');

        return found != token->negated;
}

/* How many bytes of `text`, which is not empty, the token takes; 0: it does not match. Not for stars. */
static size_t token_take(const Token *token, const char *text) {
        uint32_t rune;
        size_t n;

        if (token->kind == TOKEN_LITERAL)
                return token->literal == (unsigned char) text[0] ? 1 : 0;

        n = rune_decode(text, &rune);
        if (token->kind == TOKEN_ANY)
                return rune != '/' ? n : 0;

        return set_has(token, rune) ? n : 0;
}

int glob_match(const char *pattern, const char *text) {
        const char *p = pattern, *t = text, *star = NULL, *star_text = NULL;
        int r;

        assert(text);

        r = glob_validate(pattern, NULL, NULL);
        if (r < 0)
                return r;

        while (*p || *t) {
                const char *behind = p;
                Token token = { .kind = TOKEN_LITERAL };
                size_t n = 0;

                if (*p) {
                        (void) token_next(&behind, &token);
                        if (token.kind == TOKEN_STAR) {
                                star = p = behind;
                                star_text = t;
                                continue;
                        }

                        n = *t ? token_take(&token, t) : 0;
                }

                if (n > 0) {
                        p = behind;
                        t += n;
                        continue;
                }

                /* The last star takes one more byte, if it can. */
                if (!star || *star_text == '\0' || *star_text == '/')
                        return 0;
                p = star;
                t = ++star_text;
        }

        return 1;
}
