/* SPDX-License-Identifier: MIT */
/* One command of root's: see command-run.h. */
#include "deployerd/deploy/command-run.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/deploy/finding.h"
#include "deployerd/deploy/health-timing.h"
#include "deployerd/deploy/networks.h"
#include "deployerd/deploy/volumes.h"
#include "deployerd/engine/container-end.h"
#include "deployerd/engine/container-watch.h"
#include "deployerd/engine/networks.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"

/* Between two looks, where events tell of an end, and where they do not. */
#define LOOK_TOLD_USEC   (5 * USEC_PER_SEC)
#define LOOK_UNTOLD_USEC (1 * USEC_PER_SEC)
/* How long the engine's word about an end is waited for after the end. */
#define END_WAIT_USEC (200 * USEC_PER_MSEC)

/* A run under way. */
typedef struct CommandRun {
        Deploy *deploy;
        CommandKind kind;
        const char *id;
        ContainerWatch watch;
        Container seen;    /* at the latest look */
        uint64_t begun_at; /* monotonic */
        uint64_t ends_at;  /* monotonic: it may take until then */
        uint64_t look_at;  /* monotonic: the next look, whatever happens */
        uint64_t timeout_usec;
        bool was_over; /* before it was looked at first */
        char *told;    /* COMMAND_TOLD_SIZE bytes: how it ended well */
} CommandRun;

static void command_run_done(CommandRun *run) {
        container_watch_done(&run->watch);
        container_done(&run->seen);
}

/* "shop-dev-8.predeploy"; with a part of the store in it where `spare`. */
static void command_name(const Deploy *deploy, CommandKind kind, bool spare,
                         char ret[static COMMAND_NAME_SIZE]) {
        (void) snprintf(ret, COMMAND_NAME_SIZE, "%.150s%s%.*s.%s", deploy->name, spare ? "." : "",
                        spare ? 8 : 0, deploy->request->store, command_kind_to_string(kind));
}

static int command_post(Deploy *deploy, CommandKind kind, const json_t *body, char **ret_id) {
        char name[COMMAND_NAME_SIZE];
        int r;

        command_name(deploy, kind, /* spare= */ false, name);
        r = engine_container_create(deploy->engine, name, body, /* once= */ false, ret_id);
        if (r != -EEXIST)
                return r;

        /* As that of an instance, which a store that is lost may have made. */
        command_name(deploy, kind, /* spare= */ true, name);
        r = engine_container_create(deploy->engine, name, body, /* once= */ false, ret_id);
        return r == -EEXIST ? -EBADE : r;
}

int command_create(Deploy *deploy, CommandKind kind, char **ret_id) {
        _cleanup_(json_freep) json_t *body = NULL, *sent = NULL;
        _cleanup_free_ char *id = NULL;
        int r;

        assert(deploy);
        assert(ret_id);

        r = command_body(deploy->body, &deploy->project, kind, &body);
        if (r >= 0)
                r = networks_create_body(body, !engine_creates_in_networks(deploy->engine),
                                         /* nameless= */ true, &sent);
        if (r >= 0)
                r = command_post(deploy, kind, sent, &id);
        if (r >= 0)
                r = networks_join(deploy->engine, id, body, /* nameless= */ true);
        if (r < 0)
                return r;

        *ret_id = TAKE_PTR(id);
        return 0;
}

int command_remove(Engine *engine, const char *id, uint64_t grace_usec) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        assert(engine);
        assert(id);

        r = engine_container_inspect(engine, id, &container);
        if (r > 0 && container.running)
                r = engine_container_stop(engine, &container, grace_usec);
        if (r < 0 || !container.json)
                return r;

        r = engine_container_remove(engine, id);
        if (r >= 0)
                volumes_discard(engine, &container);

        return r;
}

static int run_errno(const CommandRun *run) {
        return run->kind == COMMAND_JOB ? -EOWNERDEAD : -ENOEXEC;
}

/* A look: 1 where it has ended; 0; errors of engine.h. */
static int run_look(CommandRun *run) {
        Container container = { .json = NULL };
        int r;

        r = engine_container_inspect(run->deploy->engine, run->id, &container);
        if (r < 0)
                return r;
        if (r == 0)
                return worker_fail(run->deploy->worker, run_errno(run),
                                   "%s of %s failed: its container was removed by someone else",
                                   command_kind_to_string(run->kind), run->deploy->name);

        container_done(&run->seen);
        run->seen = container;
        run->look_at = now_usec(CLOCK_MONOTONIC) +
                       (container_watch_tells(&run->watch) ? LOOK_TOLD_USEC : LOOK_UNTOLD_USEC);
        return !container.running && container.started_at > 0;
}

/* "<kind> of <name> failed: <what><last lines>" */
static int run_fail(CommandRun *run, const char *what) {
        Deploy *deploy = run->deploy;
        char found[REASON_MAX - 512] = "";

        if (run->seen.json)
                finding_add_lines(deploy->engine, &run->seen, found, sizeof(found));

        /* What an engine did that ended meanwhile is no fault of the command's. */
        return engine_http_watch_is_cut(run->watch.events)
                               ? worker_fail(deploy->worker, -EIO,
                                             "%s of %s: the engine was restarted meanwhile: it %s%s",
                                             command_kind_to_string(run->kind), deploy->name, what, found)
                               : worker_fail(deploy->worker, run_errno(run), "%s of %s failed: it %s%s",
                                             command_kind_to_string(run->kind), deploy->name, what, found);
}

/* " after 3s", where it has ended just now; else nothing is known of that. */
static void run_span(const CommandRun *run, char ret[static HEALTH_SPAN_SIZE + 8U]) {
        uint64_t started_at = run->seen.started_at, now = now_usec(CLOCK_REALTIME);
        char span[HEALTH_SPAN_SIZE];

        ret[0] = '\0';
        if (run->was_over || started_at > now)
                return;

        health_span_print(now - started_at, span);
        (void) snprintf(ret, HEALTH_SPAN_SIZE + 8U, " after %s", span);
}

/* What a job has written is what it was run for, as likely as not. */
static void run_tell(CommandRun *run, const char *what) {
        (void) snprintf(run->told, COMMAND_TOLD_SIZE, "%s", what);
        if (run->kind == COMMAND_JOB)
                finding_add_lines(run->deploy->engine, &run->seen, run->told, COMMAND_TOLD_SIZE);
}

/* How it ended, which can become known later than that it did. */
static int run_judge(CommandRun *run) {
        uint64_t until = now_usec(CLOCK_MONOTONIC) + END_WAIT_USEC, now;
        char what[CONTAINER_END_SIZE], span[HEALTH_SPAN_SIZE + 8U], text[sizeof(what) + sizeof(span)];
        ContainerEnd end = { .known = false };

        run_span(run, span);
        container_end_read(&end, &run->seen);
        container_end_add(&end, &run->watch.end);
        while (end.code != 0 && !container_end_is_explained(&end) &&
               (now = now_usec(CLOCK_MONOTONIC)) < until) {
                if (engine_http_wait(engine_http(run->deploy->engine), run->watch.events, until - now) < 0)
                        break;
                container_end_add(&end, &run->watch.end);
        }

        container_end_describe(&end, what);
        (void) snprintf(text, sizeof(text), "%s%s", what, span);
        if (end.code != 0 || end.out_of_memory)
                return run_fail(run, text);

        worker_log(run->deploy->worker, LOG_INFO, "%s %s", run->seen.name, text);
        run_tell(run, text);
        return 0;
}

/* What takes too long is not to go on beside what comes next. */
static int run_stop_late(CommandRun *run) {
        char what[96], span[HEALTH_SPAN_SIZE];
        int r;

        r = engine_container_stop(run->deploy->engine, &run->seen, run->deploy->config->stop_grace_usec);
        if (r < 0)
                return r;

        health_span_print(run->timeout_usec, span);
        (void) snprintf(what, sizeof(what), "did not end within %s and was stopped", span);
        return run_fail(run, what);
}

static int run_follow(CommandRun *run) {
        int r;

        for (;;) {
                uint64_t now = now_usec(CLOCK_MONOTONIC), at;

                if (!run->seen.json || container_watch_take_news(&run->watch) || now >= run->look_at ||
                    now >= run->ends_at) {
                        r = run_look(run);
                        if (r != 0)
                                return r < 0 ? r : run_judge(run);
                }
                if (now >= run->ends_at)
                        return run_stop_late(run);

                at = run->look_at < run->ends_at ? run->look_at : run->ends_at;
                r = engine_http_wait(engine_http(run->deploy->engine), run->watch.events,
                                     at > now ? at - now : USEC_PER_MSEC);
                if (r < 0)
                        return worker_fail(run->deploy->worker, -EINTR, "The deployer is being stopped");
        }
}

/* Of one that runs already some of its time is over. */
static uint64_t time_left(const Container *container, uint64_t timeout_usec) {
        uint64_t now = now_usec(CLOCK_REALTIME), started_at = container->started_at, passed;

        passed = started_at > 0 && now > started_at ? now - started_at : 0;
        return passed < timeout_usec ? timeout_usec - passed : 0;
}

/* Where root does not say how long a job may take, a tenth of the deploy is left for its end. */
static uint64_t run_timeout(const Deploy *deploy, CommandKind kind) {
        uint64_t timeout = command_of(&deploy->project, kind)->timeout_usec,
                 whole = deploy->config->deploy_deadline_usec, most = whole - whole / 10,
                 passed = now_usec(CLOCK_MONOTONIC) - deploy->begun_at;

        if (timeout > 0)
                return timeout;

        return passed < most ? most - passed : 0;
}

static int run_start(CommandRun *run) {
        int r;

        r = engine_container_start(run->deploy->engine, run->id,
                                   /* once= */ run->kind == COMMAND_POSTDEPLOY);
        return r == -EREMOTEIO ? worker_fail(run->deploy->worker, run_errno(run), "%s of %s failed: %s",
                                             command_kind_to_string(run->kind), run->deploy->name,
                                             worker_error(run->deploy->worker))
                               : r;
}

int command_run(Deploy *deploy, CommandKind kind, const char *id, char ret[static COMMAND_TOLD_SIZE]) {
        _cleanup_(command_run_done)
                        CommandRun run = { .deploy = deploy, .kind = kind, .id = id, .told = ret };
        int r;

        assert(deploy);
        assert(id);
        assert(ret);

        run.begun_at = now_usec(CLOCK_MONOTONIC);
        /* Without it the next look only comes later. */
        (void) engine_container_watch(deploy->engine, id, &run.watch);
        r = run_look(&run);
        if (r < 0)
                return r;

        run.was_over = r > 0;
        run.timeout_usec = run_timeout(deploy, kind);
        run.ends_at = run.begun_at + time_left(&run.seen, run.timeout_usec);
        if (r == 0 && run.seen.running)
                worker_log(deploy->worker, LOG_NOTICE,
                           "%s runs since an earlier attempt: its end is waited for", run.seen.name);
        if (r == 0 && !run.seen.running) {
                r = run_start(&run);
                if (r < 0)
                        return r;

                container_done(&run.seen);
                run.seen = (Container){ .json = NULL };
        }

        return r > 0 ? run_judge(&run) : run_follow(&run);
}
