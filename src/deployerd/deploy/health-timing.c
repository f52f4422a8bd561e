/* SPDX-License-Identifier: MIT */
/* The times of a HEALTHCHECK: see health-timing.h. */
#include "deployerd/deploy/health-timing.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/json.h"
#include "shared/time-util.h"

#define INTERVAL_DEFAULT_USEC (30 * USEC_PER_SEC)
#define TIMEOUT_DEFAULT_USEC  (30 * USEC_PER_SEC)
#define RETRIES_DEFAULT       3U

/* More than any deploy takes, and nothing that overflows when it is added up. */
#define SPAN_MAX_USEC (7 * 24 * 3600 * USEC_PER_SEC)
#define RETRIES_MAX   1000U

static uint64_t read_span(const json_t *healthcheck, const char *key, uint64_t fallback) {
        int64_t nsec = json_get_int(healthcheck, key, 0);
        uint64_t usec = nsec > 0 ? (uint64_t) nsec / NSEC_PER_USEC : fallback;

        return usec < SPAN_MAX_USEC ? usec : SPAN_MAX_USEC;
}

HealthTiming health_timing_read(const json_t *healthcheck) {
        int64_t retries = json_get_int(healthcheck, "Retries", 0);

        return (HealthTiming){
                .interval_usec = read_span(healthcheck, "Interval", INTERVAL_DEFAULT_USEC),
                .timeout_usec = read_span(healthcheck, "Timeout", TIMEOUT_DEFAULT_USEC),
                .start_usec = read_span(healthcheck, "StartPeriod", 0),
                .start_interval_usec = read_span(healthcheck, "StartInterval", 0),
                .retries = retries <= 0            ? RETRIES_DEFAULT
                           : retries < RETRIES_MAX ? (uint64_t) retries
                                                   : RETRIES_MAX,
        };
}

uint64_t health_timing_verdict(const HealthTiming *timing) {
        assert(timing);

        return timing->start_usec + timing->retries * (timing->interval_usec + timing->timeout_usec);
}

uint64_t health_timing_first(const HealthTiming *timing) {
        assert(timing);

        return timing->start_usec > 0 && timing->start_interval_usec > 0 ? timing->start_interval_usec
                                                                         : timing->interval_usec;
}

void health_span_print(uint64_t usec, char ret[static HEALTH_SPAN_SIZE]) {
        uint64_t seconds = usec / USEC_PER_SEC,
                 parts[] = { seconds / 3600, seconds / 60 % 60, seconds % 60 };
        static const char *const units[] = { "h", "min", "s" };
        size_t n = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (parts[i] > 0 && n < HEALTH_SPAN_SIZE)
                        n += (size_t) snprintf(ret + n, HEALTH_SPAN_SIZE - n, "%s%" PRIu64 "%s",
                                               n > 0 ? " " : "", parts[i], units[i]);
        if (n == 0)
                (void) snprintf(ret, HEALTH_SPAN_SIZE, "%" PRIu64 "ms", usec / USEC_PER_MSEC);
}
