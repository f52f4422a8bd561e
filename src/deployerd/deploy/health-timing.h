/* SPDX-License-Identifier: MIT */
/* HealthTiming: when an engine makes a HEALTHCHECK, and how long it may take to a verdict. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

typedef struct HealthTiming {
        uint64_t interval_usec;
        uint64_t timeout_usec;
        uint64_t start_usec;          /* failures do not count so long */
        uint64_t start_interval_usec; /* between two checks in that time; 0: as always */
        uint64_t retries;
} HealthTiming;

/* "999999h 59min 59s" */
#define HEALTH_SPAN_SIZE 32U

/*
 * Reads a "Healthcheck" of the engine's API, whose times are in ns. What is not there is the default of both engines, and
 * what no check would ask for is cut.
 */
HealthTiming health_timing_read(const json_t *healthcheck);

/* From the start of the container to the latest moment at which the engine knows that it is ill. */
uint64_t health_timing_verdict(const HealthTiming *timing);
/* From the start of the container to its first check. */
uint64_t health_timing_first(const HealthTiming *timing);

/* "10min 30s", of whole seconds; what is below one is told in ms. */
void health_span_print(uint64_t usec, char ret[static HEALTH_SPAN_SIZE]);
