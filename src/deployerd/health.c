/* SPDX-License-Identifier: MIT */
/* Waiting for health, and what to say without it: see health.h. */
#include "deployerd/health.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/text.h"
#include "shared/json.h"
#include "shared/time-util.h"

#define LOOK_FIRST_USEC (50 * USEC_PER_MSEC)
#define LOOK_LAST_USEC  (1 * USEC_PER_SEC)
#define LOG_LINES       20U

typedef struct HealthWait {
        Engine *engine;
        const DeployerConfig *config;
        bool has_healthcheck;
        uint64_t begun_at;   /* monotonic */
        uint64_t started_at; /* what the engine says of the first start; 0: not seen yet */
} HealthWait;

static int health_fail(HealthWait *wait, const char *text) {
        return worker_fail(engine_worker(wait->engine), -EREMOTEIO, "%s", text);
}

/* 1: it is up; 0: not decided; -EREMOTEIO: it will not come up. */
static int health_judge(HealthWait *wait, const Container *container) {
        char text[128];

        if (streq(container->health, "unhealthy"))
                return health_fail(wait, "its health check fails");

        if (wait->started_at == 0)
                wait->started_at = container->started_at;
        if (container->restarts > 0 || container->started_at != wait->started_at ||
            streq(container->status, "restarting"))
                return health_fail(wait, "it ended and was restarted");

        if (!container->running) {
                (void) snprintf(text, sizeof(text), "it ended with exit code %" PRIi64 "%s",
                                container->exit_code, container->oom_killed ? ", out of memory" : "");
                return health_fail(wait, text);
        }

        if (streq(container->health, "healthy"))
                return 1;

        /* A check that is there but has not said anything is waited for. */
        return !wait->has_healthcheck && streq(container->health, "none") &&
               now_usec(CLOCK_MONOTONIC) - wait->begun_at >= wait->config->stable_usec;
}

int health_wait(Engine *engine, EngineHttpWatch *watch, const char *id, bool has_healthcheck,
                const DeployerConfig *config) {
        HealthWait wait = {
                .engine = engine,
                .config = config,
                .has_healthcheck = has_healthcheck,
                .begun_at = now_usec(CLOCK_MONOTONIC),
        };
        uint64_t pause = LOOK_FIRST_USEC;
        int r;

        assert(engine);
        assert(id);
        assert(config);

        for (;;) {
                _cleanup_(container_done) Container container = { .json = NULL };

                r = engine_container_inspect(engine, id, &container);
                if (r < 0)
                        return r;
                if (r == 0)
                        return health_fail(&wait, "it was removed by someone else");

                r = health_judge(&wait, &container);
                if (r != 0)
                        return r < 0 ? r : 0;
                if (now_usec(CLOCK_MONOTONIC) - wait.begun_at > config->health_deadline_usec)
                        return health_fail(&wait, "it was not healthy before the deadline");

                r = engine_http_wait(engine_http(engine), watch, pause);
                if (r < 0)
                        return worker_fail(engine_worker(engine), r, "The deployer is being stopped");
                pause = pause * 2 < LOOK_LAST_USEC ? pause * 2 : LOOK_LAST_USEC;
        }
}

/* Appends to a text of at most `size` bytes. */
static void append(char *text, size_t size, const char *words, const char *value) {
        size_t n = strlen(text);

        (void) snprintf(text + n, size - n, "%s%.1536s", words, value);
}

static void append_health_log(const Container *container, char *text, size_t size) {
        const json_t *log = json_path(container->json, "State", "Health", "Log", NULL);
        size_t n = json_array_size(log);
        const char *output;

        if (n == 0 || streq(container->health, "healthy"))
                return;

        output = json_get_string(json_array_get(log, n - 1), "Output");
        if (!isempty(output))
                append(text, size, "; the health check said: ", output);
}

void health_diagnose(Engine *engine, const char *id, char *ret, size_t size) {
        _cleanup_(container_done) Container container = { .json = NULL };
        _cleanup_free_ char *lines = NULL;
        const char *error;

        assert(engine);
        assert(id);
        assert(ret && size > 0);

        ret[0] = '\0';
        if (engine_container_inspect(engine, id, &container) <= 0)
                return;

        append(ret, size, "; state ", container.status);
        if (!container.running) {
                char code[24];

                (void) snprintf(code, sizeof(code), "%" PRIi64, container.exit_code);
                append(ret, size, ", exit code ", code);
        }
        if (container.oom_killed)
                append(ret, size, ", ", "out of memory");
        error = json_string_value(json_path(container.json, "State", "Error", NULL));
        if (!isempty(error))
                append(ret, size, "; the engine said: ", error);
        append_health_log(&container, ret, size);

        if (engine_container_logs(engine, &container, LOG_LINES, &lines) >= 0 && !isempty(lines))
                append(ret, size, "; last lines: ", lines);
        text_clean(ret);
}
