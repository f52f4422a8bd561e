/* SPDX-License-Identifier: MIT */
/* Moments for people: see moment.h. */
#include "ctl/print/moment.h"

#include <time.h>

const char *moment_format(uint64_t usec, char buffer[static MOMENT_SIZE]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        buffer[0] = '\0';
        if (usec > 0 && localtime_r(&seconds, &tm))
                (void) strftime(buffer, MOMENT_SIZE, "%a %Y-%m-%d %H:%M:%S", &tm);
        return buffer;
}
