/* SPDX-License-Identifier: MIT */
/* Stopping what is replaced: see stop.h. */
#include "deployerd/deploy/stop.h"

#include <signal.h>

#include "deployerd/deploy/health-timing.h"
#include "deployerd/engine/container-end.h"
#include "shared/json.h"
#include "shared/time-util.h"

/* An engine that was out of memory has killed it for that. */
static bool was_killed(Engine *engine, const char *id) {
        _cleanup_(container_done) Container container = { .json = NULL };
        ContainerEnd end = { .known = false };

        if (engine_container_inspect(engine, id, &container) <= 0)
                return false;

        container_end_read(&end, &container);
        return container_end_is_by(&end, SIGKILL) && !end.out_of_memory;
}

static void tell_of_kill(Deploy *deploy, const Container *container, uint64_t grace_usec) {
        bool has_init = json_is_true(json_path(container->json, "HostConfig", "Init", NULL));
        char span[HEALTH_SPAN_SIZE];

        deploy->told_of_kill = true;
        health_span_print(grace_usec, span);
        if (has_init)
                worker_log(deploy->worker, LOG_NOTICE,
                           "%s did not end within %s and was killed: where it needs longer, \"stop\" in \"limits\" of "
                           "projects.d/%s.json gives it the time",
                           container->name, span, deploy->request->project);
        else
                worker_log(deploy->worker, LOG_NOTICE,
                           "%s did not end within %s and was killed: a program that runs as process 1 ignores "
                           "SIGTERM where it does not handle it; a handler for it (in a script: trap), or "
                           "\"HostConfig\": {\"Init\": true} in \"container\" of projects.d/%s.json, has it end at once",
                           container->name, span, deploy->request->project);
}

int deploy_stop(Deploy *deploy, const Container *container) {
        uint64_t grace, begun_at = now_usec(CLOCK_MONOTONIC);
        int r;

        assert(deploy);
        assert(container);

        grace = engine_container_grace(container, deploy->config->stop_grace_usec);
        r = engine_container_stop(deploy->engine, container, deploy->config->stop_grace_usec);
        deploy_count(deploy, DEPLOY_STEP_STOP, begun_at);
        if (r < 0)
                return r;

        /* Only one that took all of its time can have been killed; the others are not asked. */
        if (grace > 0 && !deploy->told_of_kill && now_usec(CLOCK_MONOTONIC) - begun_at >= grace &&
            was_killed(deploy->engine, container->id))
                tell_of_kill(deploy, container, grace);

        return 0;
}
