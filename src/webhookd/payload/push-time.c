/* SPDX-License-Identifier: MIT */
/* Times of pushes: see push-time.h. */
#include "webhookd/payload/push-time.h"

#include <time.h>

/* Seconds since the epoch from which on a year has five digits. */
#define SECONDS_MAX INT64_C(253402300800)

static bool take(Bytes *rest, const char *characters) {
        if (rest->length == 0 || rest->data[0] == '\0' || !strchr(characters, rest->data[0]))
                return false;

        rest->data++;
        rest->length--;
        return true;
}

/* Exactly `n` digits, of a number up to `max`. */
static bool take_number(Bytes *rest, unsigned n, int max, int *ret) {
        int number = 0;

        for (; n > 0; n--) {
                if (rest->length == 0 || rest->data[0] < '0' || rest->data[0] > '9')
                        return false;

                number = number * 10 + (rest->data[0] - '0');
                rest->data++;
                rest->length--;
        }

        *ret = number;
        return number <= max;
}

/* Any number of digits behind a full stop, of which the first six are µs. */
static bool take_fraction(Bytes *rest, uint64_t *ret_usec) {
        uint64_t usec = 0, unit = USEC_PER_SEC;
        int digit;

        *ret_usec = 0;
        if (!take(rest, "."))
                return true;
        if (!take_number(rest, 1, 9, &digit))
                return false;

        do {
                unit /= 10;
                usec += (uint64_t) digit * unit;
        } while (take_number(rest, 1, 9, &digit));

        *ret_usec = usec;
        return true;
}

/* "Z", or the offset with or without its colon. */
static bool take_zone(Bytes *rest, int64_t *ret_seconds) {
        bool west = rest->length > 0 && rest->data[0] == '-';
        int hours, minutes;

        *ret_seconds = 0;
        if (take(rest, "Zz"))
                return true;
        if (!take(rest, "+-") || !take_number(rest, 2, 23, &hours))
                return false;

        (void) take(rest, ":");
        if (!take_number(rest, 2, 59, &minutes))
                return false;

        *ret_seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
        return true;
}

static bool take_day(Bytes *rest, struct tm *tm) {
        return take_number(rest, 4, 9999, &tm->tm_year) && take(rest, "-") &&
               take_number(rest, 2, 12, &tm->tm_mon) && take(rest, "-") &&
               take_number(rest, 2, 31, &tm->tm_mday);
}

static bool take_clock(Bytes *rest, struct tm *tm) {
        return take_number(rest, 2, 23, &tm->tm_hour) && take(rest, ":") &&
               take_number(rest, 2, 59, &tm->tm_min) && take(rest, ":") &&
               take_number(rest, 2, 60, &tm->tm_sec);
}

uint64_t push_time_read(Bytes text) {
        struct tm tm = { 0 }, same;
        uint64_t usec;
        int64_t zone, seconds;
        int leap;

        if (!take_day(&text, &tm) || !take(&text, "Tt ") || !take_clock(&text, &tm) ||
            !take_fraction(&text, &usec) || !take_zone(&text, &zone) || text.length > 0)
                return 0;

        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        leap = tm.tm_sec == 60;
        tm.tm_sec -= leap;
        same = tm;
        seconds = (int64_t) timegm(&same) + leap - zone;
        /* The 31st of June is the 1st of July to timegm(). */
        if (tm.tm_mon < 0 || same.tm_mday != tm.tm_mday)
                return 0;

        return seconds > 0 ? (uint64_t) seconds * USEC_PER_SEC + usec : 0;
}

uint64_t push_time_at(const json_t *object, const char *key) {
        const json_t *j = json_object_get(object, key);
        double seconds;

        if (json_is_string(j))
                return push_time_read((Bytes){ json_string_value(j), json_string_length(j) });
        if (json_is_integer(j))
                return json_integer_value(j) > 0 && json_integer_value(j) < SECONDS_MAX
                                       ? (uint64_t) json_integer_value(j) * USEC_PER_SEC
                                       : 0;

        seconds = json_real_value(j);
        return seconds > 0 && seconds < (double) SECONDS_MAX ? (uint64_t) (seconds * (double) USEC_PER_SEC)
                                                             : 0;
}
