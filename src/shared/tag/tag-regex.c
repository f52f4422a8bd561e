/* SPDX-License-Identifier: MIT */
/* Regular expressions for tags: see tag-regex.h. The only file that knows the library's regcomp(). */
#include "shared/tag/tag-regex.h"

#include <regex.h>
#include <stdio.h>

static int refuse(char ret_reason[static TAG_REGEX_REASON_SIZE], const char *reason) {
        (void) snprintf(ret_reason, TAG_REGEX_REASON_SIZE, "%s", reason);
        return -EINVAL;
}

/* Behind the bracket expression at `p`, in which nothing is special but "]" and "[:", "[.", "[=". */
static const char *skip_brackets(const char *p) {
        p++;
        if (*p == '^')
                p++;
        if (*p == ']')
                p++;

        while (*p && *p != ']') {
                if (*p == '[' && p[1] && strchr(":.=", p[1])) {
                        const char end[] = { p[1], ']', '\0' }, *found = strstr(p + 2, end);

                        p = found ? found + 1 : p;
                }
                p++;
        }

        return *p ? p + 1 : p;
}

/* The larger count of "{2,40}" at `p`, at least 1; a count that is too large is cut, and is too large still. */
static unsigned long brace_count(const char *p) {
        unsigned long low, high;
        char *end = NULL;

        low = high = strtoul(p + 1, &end, 10);
        if (*end == ',')
                high = strtoul(end + 1, NULL, 10);
        if (high < low)
                high = low;

        return high == 0 ? 1 : high > TAG_REGEX_PARTS_MAX ? TAG_REGEX_PARTS_MAX + 1 : high;
}

/* How large the expression becomes in the library, which writes out what is repeated. */
typedef struct Cost {
        unsigned long sums[TAG_REGEX_MAX + 1]; /* of each group that is open, the whole being the first */
        size_t depth;
        unsigned long last; /* of what a count would repeat */
} Cost;

static void cost_add(Cost *cost, unsigned long last) {
        cost->sums[cost->depth] += cost->last;
        cost->last = last;
}

static void cost_close(Cost *cost) {
        if (cost->depth == 0)
                return;

        cost_add(cost, 0);
        cost->last = cost->sums[cost->depth--];
}

static unsigned long cost_total(const Cost *cost) {
        unsigned long total = cost->last;

        for (size_t i = 0; i <= cost->depth; i++)
                total += cost->sums[i];

        return total;
}

/* Takes the next part of the expression into account, and goes behind it. */
static const char *cost_take(Cost *cost, const char *p) {
        switch (*p) {
        case '(':
                cost_add(cost, 0);
                cost->sums[++cost->depth] = 0;
                break;
        case ')':
                cost_close(cost);
                break;
        case '{':
                cost->last *= brace_count(p);
                return p + 1 + strspn(p + 1, "0123456789,}");
        case '+':
                cost->last *= 2;
                break;
        case '*':
        case '?':
        case '|':
                break;
        case '[':
                cost_add(cost, 1);
                return skip_brackets(p);
        case '\\':
                cost_add(cost, 1);
                return p[1] ? p + 2 : p + 1;
        default:
                cost_add(cost, 1);
                break;
        }

        return p + 1;
}

/* What the library would take, and ought not to. */
static int check_cost(const char *expression, char ret_reason[static TAG_REGEX_REASON_SIZE],
                      size_t *ret_offset) {
        Cost cost = { .depth = 0 };

        for (const char *p = expression; *p;) {
                *ret_offset = (size_t) (p - expression);
                if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
                        return refuse(ret_reason, "references back are not taken");

                p = cost_take(&cost, p);
                if (cost_total(&cost) > TAG_REGEX_PARTS_MAX)
                        return refuse(ret_reason, "with all repetitions written out, this is too much");
        }

        return 0;
}

/* The caller's regfree() on success. */
static int compile(const char *expression, regex_t *ret, char ret_reason[static TAG_REGEX_REASON_SIZE],
                   size_t *ret_offset) {
        int r;

        if (strnlen(expression, TAG_REGEX_MAX + 1) > TAG_REGEX_MAX) {
                *ret_offset = TAG_REGEX_MAX;
                (void) refuse(ret_reason, "the expression is too long");
                return -ENAMETOOLONG;
        }

        if (!*expression) {
                *ret_offset = 0;
                return refuse(ret_reason, "the expression is empty");
        }

        r = check_cost(expression, ret_reason, ret_offset);
        if (r < 0)
                return r;

        r = regcomp(ret, expression, REG_EXTENDED);
        if (r == 0)
                return 0;

        *ret_offset = SIZE_MAX;
        (void) regerror(r, ret, ret_reason, TAG_REGEX_REASON_SIZE);
        return r == REG_ESPACE ? -ENOMEM : -EINVAL;
}

int tag_regex_validate(const char *expression, char ret_reason[static TAG_REGEX_REASON_SIZE],
                       size_t *ret_offset) {
        regex_t regex;
        int r;

        assert(expression);
        assert(ret_offset);

        r = compile(expression, &regex, ret_reason, ret_offset);
        if (r >= 0)
                regfree(&regex);

        return r;
}

int tag_regex_match(const char *expression, const char *text) {
        char reason[TAG_REGEX_REASON_SIZE];
        regmatch_t match = { 0 };
        size_t offset;
        regex_t regex;
        int r;

        assert(expression);
        assert(text);

        r = compile(expression, &regex, reason, &offset);
        if (r < 0)
                return r;

        /* The C library's regexec() says that nothing matches also where it has no memory to find out. */
        errno = 0;
        if (strnlen(text, TAG_REGEX_TEXT_MAX + 1) <= TAG_REGEX_TEXT_MAX)
                r = regexec(&regex, text, 1, &match, 0);
        else
                r = REG_NOMATCH;
        if (r != 0 && errno == ENOMEM)
                r = REG_ESPACE;
        regfree(&regex);

        /* The longest of the leftmost matches: where all of the text matches, it is that. */
        if (r == 0)
                return match.rm_so == 0 && text[match.rm_eo] == '\0';

        return r == REG_ESPACE ? -ENOMEM : 0;
}
