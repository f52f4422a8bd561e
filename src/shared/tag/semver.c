/* SPDX-License-Identifier: MIT */
/* Versions: what is one, and which of two is the higher one. See semver.h; ranges are in semver-range.c. */
#include "shared/tag/semver.h"

#include "shared/tag/semver-internal.h"

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_identifier(char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

int semver_scan_number(const char **p, uint64_t *ret) {
        uint64_t value = 0;

        if (!is_digit(**p))
                return -EINVAL;

        for (; is_digit(**p); (*p)++) {
                uint64_t digit = (uint64_t) (**p - '0');

                if (value > (SEMVER_NUMBER_MAX - digit) / 10)
                        return -ERANGE;
                value = 10 * value + digit;
        }

        *ret = value;
        return 0;
}

/* Identifiers with dots between them. */
static int scan_identifiers(const char **p) {
        for (;;) {
                const char *start = *p;

                while (is_identifier(**p))
                        (*p)++;
                if (*p == start)
                        return -EINVAL;
                if (**p != '.')
                        return 0;
                (*p)++;
        }
}

int semver_scan_suffix(const char **p, Semver *version) {
        int r;

        version->prerelease = *p;
        version->prerelease_length = 0;
        if (**p == '-') {
                version->prerelease = ++*p;
                r = scan_identifiers(p);
                if (r < 0)
                        return r;
                version->prerelease_length = (size_t) (*p - version->prerelease);
        }

        if (**p != '+')
                return 0;

        (*p)++;
        return scan_identifiers(p);
}

int semver_parse(const char *text, Semver *ret) {
        Semver version = { .numbers = { 0 } };
        const char *p = text;
        int r;

        assert(text);
        assert(ret);

        if (*p == 'v' || *p == 'V')
                p++;

        for (size_t i = 0; i < ELEMENTSOF(version.numbers); i++) {
                r = semver_scan_number(&p, &version.numbers[i]);
                if (r < 0)
                        return -EINVAL;
                if (*p != '.')
                        break;
                if (i + 1 == ELEMENTSOF(version.numbers))
                        return -EINVAL;
                p++;
        }

        r = semver_scan_suffix(&p, &version);
        if (r < 0 || *p)
                return -EINVAL;

        *ret = version;
        return 0;
}

static size_t count_digits(const char *text, size_t length) {
        size_t n = 0;

        while (n < length && is_digit(text[n]))
                n++;

        return n;
}

/* Numbers of any length: what has more digits, leading zeros apart, is more. */
static int compare_digits(const char *a, size_t n_a, const char *b, size_t n_b) {
        while (n_a > 0 && *a == '0') {
                a++;
                n_a--;
        }
        while (n_b > 0 && *b == '0') {
                b++;
                n_b--;
        }

        if (n_a != n_b)
                return n_a < n_b ? -1 : 1;

        return memcmp(a, b, n_a);
}

/* Numbers are lower than words, words are compared byte by byte. */
static int compare_identifiers(const char *a, size_t n_a, const char *b, size_t n_b) {
        bool number_a = count_digits(a, n_a) == n_a, number_b = count_digits(b, n_b) == n_b;
        int r;

        if (number_a && number_b)
                return compare_digits(a, n_a, b, n_b);
        if (number_a != number_b)
                return number_a ? -1 : 1;

        r = memcmp(a, b, n_a < n_b ? n_a : n_b);
        return r != 0 ? r : (n_a > n_b) - (n_a < n_b);
}

static size_t identifier_length(const char *text, size_t length) {
        const char *dot = memchr(text, '.', length);

        return dot ? (size_t) (dot - text) : length;
}

/* Both are pre-releases. Where one goes on and the other one ends, the longer one is higher. */
static int compare_prereleases(const Semver *a, const Semver *b) {
        const char *p = a->prerelease, *q = b->prerelease;
        size_t left_p = a->prerelease_length, left_q = b->prerelease_length;

        for (;;) {
                size_t n_p = identifier_length(p, left_p), n_q = identifier_length(q, left_q);
                int r = compare_identifiers(p, n_p, q, n_q);

                if (r != 0)
                        return r;
                if (n_p == left_p || n_q == left_q)
                        return (n_p < left_p) - (n_q < left_q);

                p += n_p + 1;
                q += n_q + 1;
                left_p -= n_p + 1;
                left_q -= n_q + 1;
        }
}

int semver_compare(const Semver *a, const Semver *b) {
        assert(a);
        assert(b);

        for (size_t i = 0; i < ELEMENTSOF(a->numbers); i++)
                if (a->numbers[i] != b->numbers[i])
                        return a->numbers[i] < b->numbers[i] ? -1 : 1;

        /* A release is higher than all of its pre-releases. */
        if (a->prerelease_length == 0 || b->prerelease_length == 0)
                return (a->prerelease_length == 0) - (b->prerelease_length == 0);

        return compare_prereleases(a, b);
}
