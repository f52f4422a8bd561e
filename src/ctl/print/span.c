/* SPDX-License-Identifier: MIT */
/* Spans of time for people: see span.h. */
#include "ctl/print/span.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
        uint64_t seconds;
        const char *name;
} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };

const char *span_format(uint64_t usec, unsigned n_parts, char buffer[static SPAN_SIZE]) {
        uint64_t left = usec / USEC_PER_SEC;
        size_t length = 0;

        /* Parts stand side by side: after hours come minutes, or nothing. */
        for (size_t i = 0; i < ELEMENTSOF(units) && n_parts > 0; i++) {
                uint64_t n = left / units[i].seconds;

                left %= units[i].seconds;
                if (n > 0)
                        length += (size_t) snprintf(buffer + length, SPAN_SIZE - length, "%s%" PRIu64 "%s",
                                                    length > 0 ? " " : "", n, units[i].name);
                if (length > 0)
                        n_parts--;
        }

        if (length == 0)
                (void) snprintf(buffer, SPAN_SIZE, "0s");
        return buffer;
}
