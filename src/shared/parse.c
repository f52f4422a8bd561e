/* SPDX-License-Identifier: MIT */
/* Text to numbers: see parse.h. */
#include "shared/parse.h"

int parse_uint(const char *text, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        assert(text);
        assert(ret);

        if (text[0] == '\0')
                return -EINVAL;

        for (const char *p = text; *p; p++) {
                uint64_t digit = (uint64_t) (*p - '0');

                if (*p < '0' || *p > '9')
                        return -EINVAL;
                if (value > (UINT64_MAX - digit) / 10)
                        return -ERANGE;
                value = 10 * value + digit;
        }

        if (value > max)
                return -ERANGE;

        *ret = value;
        return 0;
}

typedef struct Unit {
        const char *name;
        uint64_t usec;
} Unit;

static const Unit units[] = {
        { "us", 1 },
        { "usec", 1 },
        { "ms", USEC_PER_MSEC },
        { "msec", USEC_PER_MSEC },
        { "", USEC_PER_SEC },
        { "s", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
        { "min", 60 * USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
        { "hr", 3600 * USEC_PER_SEC },
        { "d", 24 * 3600 * USEC_PER_SEC },
        { "day", 24 * 3600 * USEC_PER_SEC },
};

/* "5min" at `*p`, which is then behind it. */
static int parse_span(const char **p, uint64_t *ret) {
        size_t n_digits = strspn(*p, "0123456789"), n_unit;
        char digits[24];
        uint64_t value;
        int r;

        if (n_digits == 0)
                return -EINVAL;
        if (n_digits >= sizeof(digits))
                return -ERANGE;

        memcpy(digits, *p, n_digits);
        digits[n_digits] = '\0';
        r = parse_uint(digits, UINT64_MAX, &value);
        if (r < 0)
                return r;

        *p += n_digits;
        *p += strspn(*p, " ");
        n_unit = strspn(*p, "abcdefghijklmnopqrstuvwxyz");
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == n_unit && strncmp(units[i].name, *p, n_unit) == 0) {
                        if (value > UINT64_MAX / units[i].usec)
                                return -ERANGE;

                        *p += n_unit;
                        *ret = value * units[i].usec;
                        return 0;
                }

        return -EINVAL;
}

int parse_sec(const char *text, uint64_t *ret_usec) {
        uint64_t sum = 0, span;
        const char *p = text;
        int r;

        assert(text);
        assert(ret_usec);

        do {
                r = parse_span(&p, &span);
                if (r < 0)
                        return r;
                if (sum > UINT64_MAX - span)
                        return -ERANGE;

                sum += span;
                p += strspn(p, " ");
        } while (*p);

        *ret_usec = sum;
        return 0;
}
