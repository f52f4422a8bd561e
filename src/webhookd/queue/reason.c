/* SPDX-License-Identifier: MIT */
/* Reasons without repetitions: see reason.h. */
#include "webhookd/queue/reason.h"

/* A shorter part is a word, which may well come twice. */
#define PART_MIN 8U

static bool is_end(const char *p) {
        return p[0] == '\0' || ((p[0] == ':' || p[0] == ';') && p[1] == ' ');
}

static size_t part_length(const char *part) {
        size_t n = 0;

        while (!is_end(part + n))
                n++;
        return n;
}

/* Whether the part of that length is one of those that begin before it. */
static bool part_is_known(const char *reason, const char *part, size_t length) {
        for (const char *p = reason; p < part;) {
                size_t n = part_length(p);

                if (n == length && memcmp(p, part, n) == 0)
                        return true;

                p += n + (p[n] ? 2 : 0);
        }

        return false;
}

/* Where the part before this one begins. */
static char *part_before(char *reason, const char *part) {
        char *found = reason;

        for (char *p = reason; p < part; p += part_length(p) + 2)
                found = p;

        return found;
}

/* Where to cut for a part that is a repetition: before its separator, or before the label that would be left alone. */
static char *cut_begin(char *reason, char *part, size_t length) {
        char *label = part_before(reason, part);

        if (part[-2] == ':' && part[length] != ':' && label > reason && label[-2] == ';')
                return label - 2;

        return part - 2;
}

void reason_tidy(char *reason) {
        assert(reason);

        for (char *part = reason, *begin; *part;) {
                size_t n = part_length(part);

                if (n < PART_MIN || !part_is_known(reason, part, n)) {
                        part += n + (part[n] ? 2 : 0);
                        continue;
                }

                /* The first part is never one, so that a separator is before it. */
                begin = cut_begin(reason, part, n);
                memmove(begin, part + n, strlen(part + n) + 1);
                part = begin + (*begin ? 2 : 0);
        }
}
