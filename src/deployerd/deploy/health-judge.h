/* SPDX-License-Identifier: MIT */
/* HealthCase: what decides whether a container is up, from what was seen of it so far. Pure: the clock is the caller's. */
#pragma once

#include "deployerd/deploy/health-spec.h"
#include "deployerd/engine/container-end.h"
#include "deployerd/engine/containers.h"

/* What is asked beside "does it still run". */
typedef enum HealthAsk {
        HEALTH_ASK_NOTHING,
        HEALTH_ASK_IMAGE, /* its HEALTHCHECK, by the engine */
        HEALTH_ASK_TCP,
        HEALTH_ASK_HTTP,
} HealthAsk;

typedef enum HealthVerdict {
        HEALTH_UNDECIDED,
        HEALTH_UP,
        HEALTH_DOWN,  /* for good: it runs and is ill */
        HEALTH_ENDED, /* for good: it does not run, or had to be started again */
} HealthVerdict;

/* Of one container, from its start to the verdict. */
typedef struct HealthCase {
        HealthAsk ask;
        uint64_t begun_at;    /* monotonic */
        uint64_t started_at;  /* what the engine says of the first start; 0: not seen yet */
        uint64_t stable_usec; /* how long it has to run at least, where nothing is asked */
        uint64_t settle_usec; /* how long it has to be well at least, where something is */
        uint64_t well_at;     /* monotonic: it has been ever since; 0: it is not */
        bool answers;         /* to the latest probe */
        ContainerEnd end;     /* what is known of its latest */
} HealthCase;

/* How long it has to run where nothing is asked, and to go on answering where something is, unless root says. */
#define HEALTH_STABLE_USEC (3 * USEC_PER_SEC)
#define HEALTH_SETTLE_USEC (1 * USEC_PER_SEC)

/* One that begins at `now`; `stable_usec` is root's word for both spans, 0 where there is none; `was_stable`: none is waited for. */
HealthCase health_case(uint64_t now, uint64_t stable_usec, bool was_stable);

/* By the project's word, the image's, and what can be reached. `*ret_why` (static text) is set for HEALTH_ASK_NOTHING. */
HealthAsk health_choose(const HealthSpec *spec, const Container *container, const char **ret_why);

/* The path of "http:/path", borrowed; NULL where the project names no other. */
const char *health_http_path(const HealthSpec *spec);

/* Notes whether it is well at `now`, by what was asked: all but the time that it has to be. */
void health_note(HealthCase *health, const Container *container, uint64_t now);
/* When it is up where nothing happens until then; UINT64_MAX: it is not well. */
uint64_t health_stable_at(const HealthCase *health);

/* `ret_text` has the reason for HEALTH_DOWN and HEALTH_ENDED. */
HealthVerdict health_judge(HealthCase *health, const Container *container, uint64_t now, char *ret_text,
                           size_t size);
