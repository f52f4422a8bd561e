/* SPDX-License-Identifier: MIT */
/* Text to numbers: see parse.h. */
#include "shared/conf/parse.h"

#define DIGITS     "0123456789"
#define WHITESPACE " \t\n\r"

#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR   (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY    (24 * USEC_PER_HOUR)

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

/* As systemd.time(7) has them; a month is 30.44 days there, a year 365.25. */
static const Unit units[] = {
        { "us", 1 },
        { "usec", 1 },
        { "µs", 1 },
        { "ms", USEC_PER_MSEC },
        { "msec", USEC_PER_MSEC },
        { "", USEC_PER_SEC },
        { "s", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "second", USEC_PER_SEC },
        { "seconds", USEC_PER_SEC },
        { "m", USEC_PER_MINUTE },
        { "min", USEC_PER_MINUTE },
        { "minute", USEC_PER_MINUTE },
        { "minutes", USEC_PER_MINUTE },
        { "h", USEC_PER_HOUR },
        { "hr", USEC_PER_HOUR },
        { "hour", USEC_PER_HOUR },
        { "hours", USEC_PER_HOUR },
        { "d", USEC_PER_DAY },
        { "day", USEC_PER_DAY },
        { "days", USEC_PER_DAY },
        { "w", 7 * USEC_PER_DAY },
        { "week", 7 * USEC_PER_DAY },
        { "weeks", 7 * USEC_PER_DAY },
        { "M", 2629800 * USEC_PER_SEC },
        { "month", 2629800 * USEC_PER_SEC },
        { "months", 2629800 * USEC_PER_SEC },
        { "y", 31557600 * USEC_PER_SEC },
        { "year", 31557600 * USEC_PER_SEC },
        { "years", 31557600 * USEC_PER_SEC },
};

/* The unit at `*p`, which is then behind it: all up to white space, a digit or a dot. NULL: no such unit. */
static const Unit *parse_unit(const char **p) {
        const char *name = *p + strspn(*p, WHITESPACE);
        size_t length = strcspn(name, WHITESPACE ".0123456789");

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == length && strncmp(units[i].name, name, length) == 0) {
                        *p = name + length;
                        return &units[i];
                }

        return NULL;
}

/* The digits at `*p`, which is then behind them; none read as 0. */
static int parse_digits(const char **p, uint64_t *ret) {
        size_t n = strspn(*p, DIGITS);
        char digits[24] = "0";

        if (n >= sizeof(digits))
                return -ERANGE;

        memcpy(digits, *p, n);
        *p += n;
        return parse_uint(digits, UINT64_MAX, ret);
}

/* What the digits behind the dot are worth, cut at whole µs: always less than one unit. */
static uint64_t fraction_usec(const char *digits, uint64_t unit_usec) {
        uint64_t sum = 0;

        for (uint64_t worth = unit_usec / 10; worth > 0 && *digits >= '0' && *digits <= '9'; worth /= 10)
                sum += (uint64_t) (*digits++ - '0') * worth;

        return sum;
}

/* "5min" or "1.5 h" at `*p`, which is then behind it. */
static int parse_span(const char **p, uint64_t *ret) {
        const char *start = *p, *fraction = "";
        const Unit *unit;
        uint64_t value, part;
        int r;

        r = parse_digits(p, &value);
        if (r < 0)
                return r;
        if (**p == '.') {
                fraction = ++*p;
                *p += strspn(*p, DIGITS);
        }
        /* No digit at all, or none behind the dot. */
        if (*p == start || *p == fraction)
                return -EINVAL;

        unit = parse_unit(p);
        if (!unit)
                return -EINVAL;

        part = fraction_usec(fraction, unit->usec);
        if (value > (UINT64_MAX - part) / unit->usec)
                return -ERANGE;

        *ret = value * unit->usec + part;
        return 0;
}

int parse_sec(const char *text, uint64_t *ret_usec) {
        uint64_t sum = 0, span;
        const char *p = text;
        int r;

        assert(text);
        assert(ret_usec);

        p += strspn(p, WHITESPACE);
        do {
                r = parse_span(&p, &span);
                if (r < 0)
                        return r;
                if (sum > UINT64_MAX - span)
                        return -ERANGE;

                sum += span;
                p += strspn(p, WHITESPACE);
        } while (*p);

        *ret_usec = sum;
        return 0;
}
