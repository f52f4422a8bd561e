/* SPDX-License-Identifier: MIT */
/* How much the dispatcher takes on at once, and how long it goes on. */
#pragma once

#include <stdint.h>

#include "shared/time-util.h"

/* How long what the store refused to read or to write waits for its next try. */
#define STORE_RETRY_USEC (5 * USEC_PER_SEC)

typedef struct DispatchLimits {
        unsigned max_deploys;      /* of all stages, at once */
        uint64_t retry_for_usec;   /* for how long deploys are tried whose error is a peer's trouble */
        uint64_t store_retry_usec; /* STORE_RETRY_USEC; less for tests, which do not have the time */
} DispatchLimits;
