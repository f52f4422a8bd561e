/* SPDX-License-Identifier: MIT */
/* What is asked of a container, and what its answers mean: see health-judge.h. */
#include "deployerd/deploy/health-judge.h"

#include <stdio.h>

#include "shared/healthcheck.h"
#include "shared/protocol.h"

const char *health_http_path(const HealthSpec *spec) {
        assert(spec);

        return healthcheck_path(strempty(spec->healthcheck));
}

HealthCase health_case(uint64_t now, uint64_t stable_usec, bool was_stable) {
        HealthCase health = { .begun_at = now };

        if (!was_stable) {
                health.stable_usec = stable_usec > 0 ? stable_usec : HEALTH_STABLE_USEC;
                health.settle_usec = stable_usec > 0 ? stable_usec : HEALTH_SETTLE_USEC;
        }

        return health;
}

HealthAsk health_choose(const HealthSpec *spec, const Container *container, const char **ret_why) {
        char address[CONTAINER_ADDRESS_SIZE];

        assert(spec);
        assert(container);
        assert(ret_why);

        if (streq(strempty(spec->healthcheck), HEALTHCHECK_NONE)) {
                *ret_why = "no check is wanted";
                return HEALTH_ASK_NOTHING;
        }

        if (!healthcheck_overrules_image(strempty(spec->healthcheck)) &&
            container_has_healthcheck(container, spec->has_healthcheck))
                return HEALTH_ASK_IMAGE;

        if (spec->port == 0) {
                *ret_why = "no port to ask";
                return HEALTH_ASK_NOTHING;
        }
        if (!container_address(container, address)) {
                *ret_why = "no address to ask at";
                return HEALTH_ASK_NOTHING;
        }

        return health_http_path(spec) ? HEALTH_ASK_HTTP : HEALTH_ASK_TCP;
}

static bool is_restarted(HealthCase *health, const Container *container) {
        if (health->started_at == 0)
                health->started_at = container->started_at;

        return container->restarts > 0 || container->started_at != health->started_at ||
               streq(container->status, "restarting");
}

static bool is_well(const HealthCase *health, const Container *container) {
        switch (health->ask) {
        case HEALTH_ASK_IMAGE:
                /* A check that is there but has not said anything is waited for. */
                return streq(container->health, "healthy");
        case HEALTH_ASK_TCP:
        case HEALTH_ASK_HTTP:
                return health->answers;
        case HEALTH_ASK_NOTHING:
        default:
                return true;
        }
}

void health_note(HealthCase *health, const Container *container, uint64_t now) {
        assert(health);
        assert(container);

        if (!is_well(health, container))
                health->well_at = 0;
        else if (health->well_at == 0)
                health->well_at = now;
}

uint64_t health_stable_at(const HealthCase *health) {
        assert(health);

        if (health->well_at == 0)
                return UINT64_MAX;

        /* That it runs is all there is to see of one that nothing is asked. An answer says more, and counts from when it is there. */
        return health->ask == HEALTH_ASK_NOTHING ? health->begun_at + health->stable_usec
                                                 : health->well_at + health->settle_usec;
}

/* "it exited with status 3 and was restarted". */
static HealthVerdict judge_end(HealthCase *health, const Container *container, const char *more,
                               char *ret_text, size_t size) {
        char words[CONTAINER_END_SIZE];

        container_end_read(&health->end, container);
        container_end_describe(&health->end, words);
        (void) snprintf(ret_text, size, "it %s%s", words, more);
        return HEALTH_ENDED;
}

HealthVerdict health_judge(HealthCase *health, const Container *container, uint64_t now, char *ret_text,
                           size_t size) {
        assert(health);
        assert(container);
        assert(ret_text && size > 0);

        if (is_restarted(health, container))
                return judge_end(health, container, " and was restarted", ret_text, size);
        if (!container->running)
                return judge_end(health, container, "", ret_text, size);
        if (health->ask == HEALTH_ASK_IMAGE && streq(container->health, "unhealthy")) {
                (void) snprintf(ret_text, size, "its health check fails");
                return HEALTH_DOWN;
        }

        health_note(health, container, now);
        if (health->well_at == 0)
                return HEALTH_UNDECIDED;

        /* What is to be well for no time is so with its answer, which came after the look. */
        return now >= health_stable_at(health) || (health->ask != HEALTH_ASK_NOTHING &&
                                                   health->settle_usec == 0)
                               ? HEALTH_UP
                               : HEALTH_UNDECIDED;
}
