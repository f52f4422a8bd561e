/* SPDX-License-Identifier: MIT */
/*
 * Ranges of versions: see semver.h. The text is read from left to right and compared with the version on the way, so
 * that a range needs no form of its own; whoever only validates has no version.
 */
#include "shared/tag/semver-internal.h"
#include "shared/tag/semver.h"

/* "1", "1.x", "1.4.2-rc.1": as many numbers as were given, the others are 0. */
typedef struct Partial {
        Semver version;
        size_t n;
} Partial;

typedef struct Scan {
        const char *p;
        const char *reason;    /* why it stopped there */
        const Semver *version; /* NULL: the range is only looked at */
        bool holds;            /* every comparator of this alternative so far */
        bool names_prerelease; /* one of them names a pre-release of the version's numbers */
} Scan;

static int scan_fail(Scan *scan, const char *reason) {
        scan->reason = reason;
        return -EINVAL;
}

static void skip_spaces(Scan *scan) {
        while (*scan->p == ' ')
                scan->p++;
}

static bool is_x(char c) {
        return c == 'x' || c == 'X' || c == '*';
}

static int scan_numbers(Scan *scan, Partial *partial) {
        bool any = false;

        for (size_t i = 0;; i++) {
                int r;

                if (is_x(*scan->p)) {
                        any = true;
                        scan->p++;
                } else if (any)
                        return scan_fail(scan, "only an x may follow an x");
                else {
                        r = semver_scan_number(&scan->p, &partial->version.numbers[i]);
                        if (r < 0)
                                return scan_fail(scan, r == -ERANGE ? "the number is too large"
                                                                    : "a number is expected here");
                        partial->n++;
                }

                if (*scan->p != '.')
                        return 0;
                if (i + 1 == ELEMENTSOF(partial->version.numbers))
                        return scan_fail(scan, "a version has three numbers at most");
                scan->p++;
        }
}

static int scan_partial(Scan *scan, Partial *ret) {
        Partial partial = { .n = 0 };
        int r;

        if (*scan->p == 'v' || *scan->p == 'V')
                scan->p++;

        r = scan_numbers(scan, &partial);
        if (r < 0)
                return r;

        if (partial.n < ELEMENTSOF(partial.version.numbers) && (*scan->p == '-' || *scan->p == '+'))
                return scan_fail(scan, "a pre-release needs all three numbers");
        if (semver_scan_suffix(&scan->p, &partial.version) < 0)
                return scan_fail(scan, "a part of the pre-release is expected here");
        if (*scan->p && *scan->p != ' ' && *scan->p != '|')
                return scan_fail(scan, "this does not belong to a version");

        *ret = partial;
        return 0;
}

/* The lowest of all versions, pre-releases included, that come after those which begin with the first `n` numbers. */
static Semver semver_after(const Semver *version, size_t n) {
        static const char lowest[] = "0";
        Semver after = { .prerelease = lowest, .prerelease_length = 1 };

        for (size_t i = 0; i < n; i++)
                after.numbers[i] = version->numbers[i];
        after.numbers[n - 1]++;
        return after;
}

static bool is_below_after(const Semver *version, const Partial *partial, size_t n) {
        Semver after;

        if (n == 0)
                return true;

        after = semver_after(&partial->version, n);
        return semver_compare(version, &after) < 0;
}

/* How many numbers `^` holds fast: up to the first that is not 0. */
static size_t caret_depth(const Partial *partial) {
        size_t n = 1;

        while (n < partial->n && partial->version.numbers[n - 1] == 0)
                n++;

        return partial->n == 0 ? 0 : n;
}

typedef enum Operator {
        OPERATOR_EQUAL,
        OPERATOR_LOWER,
        OPERATOR_LOWER_EQUAL,
        OPERATOR_HIGHER,
        OPERATOR_HIGHER_EQUAL,
        OPERATOR_TILDE,
        OPERATOR_CARET,
} Operator;

/* What begins alike comes after what is longer. */
static const struct {
        const char *text;
        Operator operator;
} operators[] = {
        { "<=", OPERATOR_LOWER_EQUAL }, { ">=", OPERATOR_HIGHER_EQUAL }, { "~>", OPERATOR_TILDE },
        { "<", OPERATOR_LOWER },        { ">", OPERATOR_HIGHER },        { "~", OPERATOR_TILDE },
        { "^", OPERATOR_CARET },        { "=", OPERATOR_EQUAL },
};

static Operator scan_operator(Scan *scan) {
        for (size_t i = 0; i < ELEMENTSOF(operators); i++) {
                size_t length = strlen(operators[i].text);

                if (strncmp(scan->p, operators[i].text, length) == 0) {
                        scan->p += length;
                        skip_spaces(scan);
                        return operators[i].operator;
                }
        }

        return OPERATOR_EQUAL;
}

static bool holds(const Semver *version, Operator operator, const Partial * partial) {
        int order = semver_compare(version, &partial->version);
        bool whole = partial->n == ELEMENTSOF(partial->version.numbers);

        switch (operator) {
        case OPERATOR_LOWER:
                /* "<1.2" leaves the pre-releases of 1.2.0 out as well. */
                return whole ? order < 0
                             : order < 0 && memcmp(version->numbers, partial->version.numbers,
                                                   sizeof(version->numbers)) != 0;
        case OPERATOR_LOWER_EQUAL:
                return whole ? order <= 0 : is_below_after(version, partial, partial->n);
        case OPERATOR_HIGHER:
                return whole ? order > 0
                             : order > 0 && partial->n > 0 && !is_below_after(version, partial, partial->n);
        case OPERATOR_HIGHER_EQUAL:
                return order >= 0;
        case OPERATOR_TILDE:
                return order >= 0 && is_below_after(version, partial, partial->n < 2 ? partial->n : 2);
        case OPERATOR_CARET:
                return order >= 0 && is_below_after(version, partial, caret_depth(partial));
        case OPERATOR_EQUAL:
                return whole ? order == 0 : order >= 0 && is_below_after(version, partial, partial->n);
        }

        return false;
}

static void apply(Scan *scan, Operator operator, const Partial * partial) {
        const Semver *version = scan->version;

        if (!version)
                return;

        scan->holds = scan->holds && holds(version, operator, partial);
        if (partial->version.prerelease_length > 0 &&
            memcmp(partial->version.numbers, version->numbers, sizeof(version->numbers)) == 0)
                scan->names_prerelease = true;
}

/* " - 1.4" behind the lower end of a range. 1, or 0 where something else follows. */
static int scan_hyphen(Scan *scan, const Partial *low) {
        Partial high;
        int r;

        if (strncmp(scan->p, " - ", 3) != 0)
                return 0;

        scan->p += 3;
        skip_spaces(scan);
        r = scan_partial(scan, &high);
        if (r < 0)
                return r;

        apply(scan, OPERATOR_HIGHER_EQUAL, low);
        apply(scan, OPERATOR_LOWER_EQUAL, &high);
        return 1;
}

static int scan_comparator(Scan *scan) {
        const char *start = scan->p;
        Operator operator= scan_operator(scan);
        Partial partial;
        int r;

        r = scan_partial(scan, &partial);
        if (r < 0)
                return r;

        if (partial.n == 0 && (operator== OPERATOR_LOWER || operator== OPERATOR_HIGHER)) {
                scan->p = start;
                return scan_fail(scan, "no version is below or above every version");
        }

        if (operator== OPERATOR_EQUAL && * start != '=') {
                r = scan_hyphen(scan, &partial);
                if (r != 0)
                        return r;
        }

        apply(scan, operator, & partial);
        return 0;
}

/* Comparators up to the next "||" or the end. */
static int scan_alternative(Scan *scan) {
        int r;

        scan->holds = true;
        scan->names_prerelease = false;
        do {
                r = scan_comparator(scan);
                if (r < 0)
                        return r;
                skip_spaces(scan);
        } while (*scan->p && *scan->p != '|');

        if (scan->version && scan->version->prerelease_length > 0 && !scan->names_prerelease)
                scan->holds = false;

        return 0;
}

/* 1 where an alternative holds, 0 where none does; all of the text is read in any case. */
static int scan_range(Scan *scan) {
        bool match = false;
        int r;

        for (;;) {
                skip_spaces(scan);
                r = scan_alternative(scan);
                if (r < 0)
                        return r;

                match = match || scan->holds;
                if (!*scan->p)
                        return match;
                if (strncmp(scan->p, "||", 2) != 0)
                        return scan_fail(scan, "a second | is expected here");
                scan->p += 2;
        }
}

static int range_scan(const char *range, Scan *scan) {
        if (strnlen(range, SEMVER_RANGE_MAX + 1) > SEMVER_RANGE_MAX) {
                scan->p = range + SEMVER_RANGE_MAX;
                scan->reason = "the range is too long";
                return -ENAMETOOLONG;
        }

        scan->p = range;
        return scan_range(scan);
}

int semver_range_validate(const char *range, const char **ret_reason, size_t *ret_offset) {
        Scan scan = { .p = NULL };
        int r;

        assert(range);

        r = range_scan(range, &scan);
        if (r >= 0)
                return 0;

        if (ret_reason)
                *ret_reason = scan.reason;
        if (ret_offset)
                *ret_offset = (size_t) (scan.p - range);
        return r;
}

int semver_range_match(const char *range, const Semver *version) {
        Scan scan = { .version = version };

        assert(range);
        assert(version);

        return range_scan(range, &scan);
}
