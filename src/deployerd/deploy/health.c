/* SPDX-License-Identifier: MIT */
/* Waiting for health, and what to say without it: see health.h. */
#include "deployerd/deploy/health.h"

#include <stdio.h>

#include "deployerd/deploy/finding.h"
#include "deployerd/deploy/health-judge.h"
#include "deployerd/deploy/health-timing.h"
#include "deployerd/deploy/probe.h"
#include "deployerd/text.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"

#define LOOK_FIRST_USEC (50 * USEC_PER_MSEC)
#define LOOK_LAST_USEC  (1 * USEC_PER_SEC)
/* Where events tell of an end, for the case that one is lost. */
#define LOOK_TOLD_USEC (5 * USEC_PER_SEC)
/* How long the engine's word about an end is waited for after the end. */
#define END_WAIT_USEC (200 * USEC_PER_MSEC)

/* The most of what a health check said that is told; its end. */
#define HEALTH_OUTPUT_MAX 768U

typedef struct HealthWait {
        Engine *engine;
        ContainerWatch *watch; /* NULL: there is none */
        const HealthSpec *spec;
        const DeployerConfig *config;
        HealthCase judged;
        HealthTiming timing; /* of the image's check, where that is asked */
        uint64_t deadline_usec;
        bool chosen;
        Container seen;                /* at the latest look */
        uint64_t look_at;              /* monotonic: the next one, whatever happens */
        uint64_t pause;                /* up to that, where nothing tells of what happens */
        uint64_t probe_at;             /* monotonic: not before */
        char answer[PROBE_TEXT_SIZE];  /* the latest of what was asked; empty: none yet */
        char problem[PROBE_TEXT_SIZE]; /* the latest that was none of a container that is well */
} HealthWait;

static int health_fail(HealthWait *wait, const char *text) {
        return worker_fail(engine_worker(wait->engine), -EREMOTEIO, "%s%s%s", text,
                           wait->problem[0] ? "; last answer: " : "", wait->problem);
}

static int health_interrupted(HealthWait *wait) {
        return worker_fail(engine_worker(wait->engine), -EINTR, "The deployer is being stopped");
}

/* Tells what was answered when that is news. */
static void health_tell(HealthWait *wait, const char *answer) {
        if (streq(answer, wait->answer))
                return;

        (void) snprintf(wait->answer, sizeof(wait->answer), "%s", answer);
        worker_progress(engine_worker(wait->engine), PHASE_PROBING, answer);
}

/* A check that takes its time gets it. Only the engine's own API tells of it in some versions of Podman. */
static void health_set_deadline(HealthWait *wait, const Container *container) {
        const json_t *check = json_path(container->json, "Config", "Healthcheck", NULL);
        char needed[HEALTH_SPAN_SIZE], given[HEALTH_SPAN_SIZE];
        uint64_t verdict, most = wait->spec->patience_usec;

        if (json_array_size(json_object_get(check, "Test")) == 0)
                check = wait->spec->check;

        wait->timing = health_timing_read(check);
        verdict = health_timing_verdict(&wait->timing);
        if (most > verdict)
                most = verdict;
        if (most <= wait->deadline_usec)
                return;

        wait->deadline_usec = most;
        health_span_print(verdict, needed);
        health_span_print(most, given);
        worker_log(engine_worker(wait->engine), LOG_NOTICE,
                   "The health check of %s can take %s by its own times: %s are waited for it",
                   container->name, needed, given);
}

/* Its network and its health check are known once it runs. */
static void health_begin(HealthWait *wait, const Container *container) {
        const char *why = NULL;
        char text[128];

        if (wait->chosen || !container->running)
                return;

        wait->chosen = true;
        wait->judged.ask = health_choose(wait->spec, container, &why);
        if (wait->judged.ask == HEALTH_ASK_IMAGE)
                health_set_deadline(wait, container);
        if (wait->judged.ask != HEALTH_ASK_NOTHING)
                return;

        (void) snprintf(text, sizeof(text), "runs without a restart; %s", why);
        health_tell(wait, text);
        worker_log(engine_worker(wait->engine), LOG_NOTICE, "%s is up once it %s", container->name, text);
}

static uint64_t health_left(const HealthWait *wait) {
        uint64_t passed = now_usec(CLOCK_MONOTONIC) - wait->judged.begun_at;

        return passed < wait->deadline_usec ? wait->deadline_usec - passed : 0;
}

/* While it answers it only has to go on doing so: then the deadline is met. */
static bool health_is_late(const HealthWait *wait) {
        return wait->judged.well_at == 0 && health_left(wait) == 0;
}

/* No probe goes on beyond the deadline. One that the deadline cut short says less than the answer before it. */
static int health_probe(HealthWait *wait) {
        char address[CONTAINER_ADDRESS_SIZE], text[PROBE_TEXT_SIZE];
        uint64_t left = wait->judged.well_at > 0 ? UINT64_MAX : health_left(wait),
                 timeout = wait->config->probe_timeout_usec;
        Probe probe;
        int r;

        if (left == 0 || !container_address(&wait->seen, address))
                return 0;

        probe = (Probe){
                .address = address,
                .port = wait->spec->port,
                .path = wait->judged.ask == HEALTH_ASK_HTTP ? health_http_path(wait->spec) : NULL,
                .host = wait->spec->host,
                .status_first = wait->spec->status_first,
                .status_last = wait->spec->status_last,
                .timeout_usec = timeout < left ? timeout : left,
                .cancel_fd = worker_cancel_fd(engine_worker(wait->engine)),
        };
        r = probe_run(&probe, text);
        if (r == -EINTR)
                return health_interrupted(wait);
        if (r < 0)
                return r;
        if (r == 0 && wait->problem[0] && timeout > left && health_left(wait) == 0)
                return 0;

        wait->judged.answers = r > 0;
        health_note(&wait->judged, &wait->seen, now_usec(CLOCK_MONOTONIC));
        (void) snprintf(wait->problem, sizeof(wait->problem), "%s", r > 0 ? "" : text);
        health_tell(wait, text);
        return 0;
}

/* Asks what is to be asked, where it is time to. */
static int health_ask(HealthWait *wait) {
        const Container *container = &wait->seen;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        char text[128];
        int r;

        health_begin(wait, container);
        if (!container->running)
                return 0;

        switch (wait->judged.ask) {
        case HEALTH_ASK_IMAGE:
                (void) snprintf(text, sizeof(text), "its health check says: %.64s", container->health);
                health_tell(wait, text);
                return 0;
        case HEALTH_ASK_TCP:
        case HEALTH_ASK_HTTP:
                if (now < wait->probe_at)
                        return 0;
                r = health_probe(wait);
                wait->probe_at = now_usec(CLOCK_MONOTONIC) + wait->config->probe_interval_usec;
                return r;
        case HEALTH_ASK_NOTHING:
        default:
                return 0;
        }
}

/*
 * Says how a container ended that is down for good. Of one that runs again only the events tell, and why it was killed they
 * may tell first: both can still be on their way.
 */
static int health_fail_ended(HealthWait *wait, const Container *container, uint64_t seen_at) {
        uint64_t until = now_usec(CLOCK_MONOTONIC) + END_WAIT_USEC, now;
        ContainerEnd *end = &wait->judged.end;
        char text[128] = "";

        while (wait->watch && (now = now_usec(CLOCK_MONOTONIC)) < until) {
                container_end_add(end, &wait->watch->end);
                if (container_end_is_explained(end))
                        break;
                if (engine_http_wait(engine_http(wait->engine), wait->watch->events, until - now) < 0)
                        return health_interrupted(wait);
        }

        (void) health_judge(&wait->judged, container, seen_at, text, sizeof(text));
        return health_fail(wait, text);
}

/* Where a port was asked that may not be the one that is meant, the others are told. */
static int health_fail_unanswered(HealthWait *wait) {
        if (!wait->problem[0] || isempty(wait->spec->other_ports))
                return health_fail(wait, "it was not healthy before the deadline");

        return worker_fail(
                        engine_worker(wait->engine), -EREMOTEIO,
                        "it was not healthy before the deadline; last answer: %.*s; the image also exposes %s: "
                        "--port= of tinyforgectl project set names another port",
                        utf8_cut(wait->problem, 256), wait->problem, wait->spec->other_ports);
}

/* The deadline is over. 1: it counts as up nevertheless. */
static int health_fail_late(HealthWait *wait, const Container *container) {
        bool silent = wait->judged.ask == HEALTH_ASK_IMAGE && streq(container->health, "starting");
        const json_t *log = json_path(container->json, "State", "Health", "Log", NULL);
        char first[HEALTH_SPAN_SIZE], text[160];

        if (silent && wait->spec->silence_is_well)
                return 1;
        if (!silent || json_array_size(log) > 0)
                return health_fail_unanswered(wait);

        health_span_print(health_timing_first(&wait->timing), first);
        (void) snprintf(text, sizeof(text),
                        "it was not healthy before the deadline: its first health check was not due yet, %s after its start",
                        first);
        return health_fail(wait, text);
}

/* When the next look is, at the latest. */
static void health_set_look(HealthWait *wait) {
        uint64_t pause = wait->pause;

        /* Of a health check an engine may tell less than of an end. */
        if (container_watch_tells(wait->watch))
                pause = wait->judged.ask == HEALTH_ASK_IMAGE ? LOOK_LAST_USEC : LOOK_TOLD_USEC;
        else
                wait->pause = pause * 2 < LOOK_LAST_USEC ? pause * 2 : LOOK_LAST_USEC;

        wait->look_at = now_usec(CLOCK_MONOTONIC) + pause;
}

/* 1: it is up; 0: not decided; -EREMOTEIO: it will not come up. */
static int health_look(HealthWait *wait, const char *id) {
        /* What an answer says is true of the time before it, however long it was on its way. */
        uint64_t seen_at = now_usec(CLOCK_MONOTONIC);
        Container container = { .json = NULL };
        char text[128] = "";
        int r;

        r = engine_container_inspect(wait->engine, id, &container);
        if (r < 0)
                return r;
        if (r == 0)
                return health_fail(wait, "it was removed by someone else");

        container_done(&wait->seen);
        wait->seen = container;
        r = health_ask(wait);
        if (r < 0)
                return r;

        health_set_look(wait);
        switch (health_judge(&wait->judged, &wait->seen, seen_at, text, sizeof(text))) {
        case HEALTH_UP:
                return 1;
        case HEALTH_ENDED:
                return health_fail_ended(wait, &wait->seen, seen_at);
        case HEALTH_DOWN:
                return health_fail(wait, text);
        case HEALTH_UNDECIDED:
        default:
                return health_is_late(wait) ? health_fail_late(wait, &wait->seen) : 0;
        }
}

/* Whether what was seen last may not be so any more, or has to be made sure of. */
static bool health_is_due(HealthWait *wait) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        bool news = container_watch_take_news(wait->watch);

        return news || !wait->seen.json || !container_watch_tells(wait->watch) || now >= wait->look_at ||
               now >= health_stable_at(&wait->judged) || health_is_late(wait);
}

/* Until the next look, or the next probe, or until it has run long enough, or too long, whichever comes first. */
static uint64_t health_pause(const HealthWait *wait) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), at = wait->look_at,
                 stable_at = health_stable_at(&wait->judged),
                 late_at = now + health_left(wait) + USEC_PER_MSEC;
        bool probes = wait->judged.ask == HEALTH_ASK_TCP || wait->judged.ask == HEALTH_ASK_HTTP;

        if (wait->judged.well_at == 0 && late_at < at)
                at = late_at;
        if (stable_at > now && stable_at < at)
                at = stable_at;
        if (probes && wait->probe_at < at)
                at = wait->probe_at;

        return at > now ? at - now : USEC_PER_MSEC;
}

/* 0: it is up. */
static int health_follow(HealthWait *wait, const char *id) {
        int r;

        for (;;) {
                r = health_is_due(wait) ? health_look(wait, id) : health_ask(wait);
                if (r != 0)
                        return r < 0 ? r : 0;

                r = engine_http_wait(engine_http(wait->engine), wait->watch ? wait->watch->events : NULL,
                                     health_pause(wait));
                if (r < 0)
                        return health_interrupted(wait);
        }
}

/* Where nothing is asked there is no answer to wait for. */
static void health_count(const HealthWait *wait, DeploySteps *steps) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), begun_at = wait->judged.begun_at,
                 well_at = wait->judged.well_at;

        if (wait->chosen && wait->judged.ask == HEALTH_ASK_NOTHING) {
                deploy_steps_add(steps, DEPLOY_STEP_STABLE, now - begun_at);
                return;
        }

        deploy_steps_add(steps, DEPLOY_STEP_HEALTHY, (well_at > 0 ? well_at : now) - begun_at);
        if (well_at > 0)
                deploy_steps_add(steps, DEPLOY_STEP_STABLE, now - well_at);
}

int health_wait(Engine *engine, ContainerWatch *watch, const char *id, const HealthSpec *spec,
                const DeployerConfig *config, DeploySteps *steps, Container *ret) {
        HealthWait wait = {
                .engine = engine,
                .watch = watch,
                .spec = spec,
                .config = config,
                .deadline_usec = config->health_deadline_usec,
                .pause = LOOK_FIRST_USEC,
        };
        int r;

        assert(engine);
        assert(id);
        assert(spec);
        assert(config);

        wait.judged = health_case(now_usec(CLOCK_MONOTONIC), config->stable_usec, spec->was_stable);
        r = health_follow(&wait, id);
        if (steps)
                health_count(&wait, steps);
        if (r < 0 || !ret)
                container_done(&wait.seen);
        else
                *ret = wait.seen;

        return r;
}

static void add_health_log(Engine *engine, const Container *container, char *text, size_t size) {
        const json_t *log = json_path(container->json, "State", "Health", "Log", NULL);
        size_t n = json_array_size(log);
        const char *output;

        if (n == 0 || streq(container->health, "healthy"))
                return;

        output = json_get_string(json_array_get(log, n - 1), "Output");
        if (!isempty(output))
                finding_add(engine, text, size, "; the health check said: ", output, HEALTH_OUTPUT_MAX);
}

void health_diagnose(Engine *engine, const char *id, bool check_counts, char *ret, size_t size) {
        _cleanup_(container_done) Container container = { .json = NULL };
        const char *error;

        assert(engine);
        assert(id);
        assert(ret && size > 0);

        ret[0] = '\0';
        if (engine_container_inspect(engine, id, &container) <= 0)
                return;

        finding_add(engine, ret, size, "; state ", container.status, size);
        error = json_string_value(json_path(container.json, "State", "Error", NULL));
        if (!isempty(error))
                finding_add(engine, ret, size, "; the engine said: ", error, HEALTH_OUTPUT_MAX);
        if (check_counts)
                add_health_log(engine, &container, ret, size);

        finding_add_lines(engine, &container, ret, size);
        text_clean(ret);
}
