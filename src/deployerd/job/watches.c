/* SPDX-License-Identifier: MIT */
/* Who is watched, when somebody looks, and what is made of it: see watches.h. */
#include "deployerd/job/watches.h"

#include <inttypes.h>

#include "deployerd/job/watch-child.h"
#include "deployerd/worker/operation.h"
#include "deployerd/worker/report.h"
#include "shared/conf/parse.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "shared/time-util.h"

/* A look asks a few things. */
#define WATCH_LOOK_DEADLINE_USEC (60 * USEC_PER_SEC)
/* Of the child that follows: longer than anything is watched. */
#define WATCH_FOLLOW_DEADLINE_USEC (2 * WATCH_MAX_USEC)

typedef struct Watch Watch;

struct Watch {
        Watches *watches;
        DeployRequest *request;
        WatchSigns signs;
        uint64_t until;   /* monotonic, as what follows */
        uint64_t look_at; /* UINT64_MAX: not before something happens */
        bool last;        /* the look that is under way began when its time was over */
        Operation *look;
        Watch *next;
};

struct Watches {
        sd_event *event;
        const DeployerConfig *config;
        WatchesHooks hooks;
        void *userdata;
        Watch *items;
        unsigned n, n_looks;
        Operation *stream;
        bool open;
        uint64_t open_at; /* the next stream is not opened before */
        uint64_t pause;
        sd_event_source *timer;
        bool stopped;
};

static Watch *watch_free(Watch *watch) {
        if (!watch)
                return NULL;

        operation_free(watch->look);
        deploy_request_free(watch->request);
        free(watch);
        return NULL;
}

static void watches_drop(Watch **link) {
        Watch *watch = *link;

        *link = watch->next;
        watch->watches->n--;
        if (watch->look)
                watch->watches->n_looks--;
        watch_free(watch);
}

static Watch **watches_find(Watches *watches, const char *store, uint64_t deploy) {
        for (Watch **link = &watches->items; *link; link = &(*link)->next)
                if ((*link)->request->deploy_id == deploy && streq((*link)->request->store, store))
                        return link;

        return NULL;
}

static void watches_go_on(Watches *watches);

/* It is told of and dropped; nothing of it is to be touched after that. */
static void watch_end(Watch *watch, const char *verdict, const char *reason) {
        const DeployRequest *request = watch->request;
        Watches *watches = watch->watches;

        log_info("Watching deploy %" PRIu64 " of %s/%s: %s%s%s", request->deploy_id, request->project,
                 request->stage, verdict, *reason ? ": " : "", reason);
        watches->hooks.on_end(request, verdict, reason, watches->userdata);
        watches_drop(watches_find(watches, request->store, request->deploy_id));
}

static void watch_put_off(Watch *watch, const char *reason) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        if (now > watch->until + WATCH_GRACE_USEC) {
                watch_end(watch, WATCH_VERDICT_GONE, reason);
                return;
        }

        watch->look_at = now + WATCH_PAUSE_MAX_USEC;
        if (now + watch->watches->pause < watch->look_at)
                watch->look_at = now + watch->watches->pause;
}

static void watch_judge_look(Watch *watch, const json_t *result) {
        const char *verdict = strempty(json_get_string(result, "verdict")),
                   *reason = strempty(json_get_string(result, "reason"));

        if (streq(verdict, WATCH_LOOK_FAILED))
                watch_end(watch, WATCH_VERDICT_FAILED, reason);
        else if (streq(verdict, WATCH_LOOK_GONE))
                watch_end(watch, WATCH_VERDICT_GONE, reason);
        /* What happened during the last look is looked at as well. */
        else if (!watch->last || watch->look_at < UINT64_MAX)
                return;
        else if (streq(verdict, WATCH_LOOK_STOPPED))
                watch_end(watch, WATCH_VERDICT_GONE, reason);
        else
                watch_end(watch, WATCH_VERDICT_HELD, "");
}

static void on_look_end(const OperationEnd *end, void *userdata) {
        Watch *watch = userdata;
        Watches *watches = watch->watches;
        /* What it tells is its own. */
        _unused_ _cleanup_(operation_freep) Operation *look = TAKE_PTR(watch->look);

        watches->n_looks--;
        if (end->error_name)
                watch_put_off(watch, end->error_text);
        else
                watch_judge_look(watch, end->result);
        watches_go_on(watches);
}

static void on_report_of(Watches *watches, const char *kind, const json_t *report) {
        if (streq(kind, REPORT_ENGINE))
                watches->hooks.on_engine(report, watches->userdata);
        else if (streq(kind, REPORT_LOG))
                (void) log_full_errno(LOG_PRI((int) json_get_int(report, "priority", LOG_INFO)), 0, "%s",
                                      strempty(json_get_string(report, "text")));
}

static void on_look_report(const char *kind, const json_t *report, void *userdata) {
        const Watch *watch = userdata;

        on_report_of(watch->watches, kind, report);
}

static int run_look(Worker *worker, void *userdata) {
        const Watch *watch = userdata;

        return watch_child_look(worker, watch->watches->config, watch->request, &watch->signs);
}

static void watch_look(Watch *watch, uint64_t now) {
        static const OperationHooks hooks = { run_look, on_look_report, on_look_end };
        Watches *watches = watch->watches;
        int r;

        watch->last = now >= watch->until;
        watch->look_at = UINT64_MAX;
        r = operation_new(watches->event, &hooks, watch, WATCH_LOOK_DEADLINE_USEC, &watch->look);
        if (r >= 0) {
                watches->n_looks++;
                return;
        }

        (void) log_seldom_errno(LOG_ERR, r, "Cannot look at what deploy %" PRIu64 " has brought: %m",
                                watch->request->deploy_id);
        watch->look_at = now + WATCH_PAUSE_MAX_USEC;
}

static int run_stream(Worker *worker, void *userdata) {
        const Watches *watches = userdata;

        return watch_child_follow(worker, watches->config);
}

/* From here on nothing is missed: what happened before is seen now. */
static void watches_open(Watches *watches) {
        watches->open = true;
        for (Watch *watch = watches->items; watch; watch = watch->next)
                watch->look_at = 0;
}

static void note_event(Watches *watches, const json_t *report) {
        const char *action = strempty(json_get_string(report, "action"));
        uint64_t deploy = 0;
        Watch **link, *watch;

        if (parse_uint(strempty(json_get_string(report, "deploy")), UINT64_MAX, &deploy) < 0)
                return;

        link = watches_find(watches, strempty(json_get_string(report, "store")), deploy);
        if (!link)
                return;

        watch = *link;
        if (streq(action, "oom"))
                watch->signs.end.out_of_memory = true;
        if (json_object_get(report, "code")) {
                watch->signs.end.known = true;
                watch->signs.end.code = json_get_int(report, "code", 0);
        }
        if (streq(action, "kill"))
                watch->signs.killed = true;
        else if (streq(action, "start"))
                watch->signs.killed = false;
        watch->look_at = 0;
}

static void on_stream_report(const char *kind, const json_t *report, void *userdata) {
        Watches *watches = userdata;

        if (streq(kind, REPORT_OPEN))
                watches_open(watches);
        else if (streq(kind, REPORT_EVENT))
                note_event(watches, report);
        else
                on_report_of(watches, kind, report);
        watches_go_on(watches);
}

/* An engine that ends, and one that is not there: it comes back, or it takes longer each time. */
static void on_stream_end(const OperationEnd *end, void *userdata) {
        Watches *watches = userdata;
        _unused_ _cleanup_(operation_freep) Operation *stream = TAKE_PTR(watches->stream);

        if (watches->open)
                watches->pause = WATCH_PAUSE_MIN_USEC;
        else if (watches->pause * 2 <= WATCH_PAUSE_MAX_USEC)
                watches->pause *= 2;
        watches->open = false;
        watches->open_at = now_usec(CLOCK_MONOTONIC) + watches->pause;
        if (end->error_name && !watches->stopped)
                (void) log_seldom_errno(LOG_NOTICE, 0, "Cannot follow what happens in the engine: %s",
                                        end->error_text);
        watches_go_on(watches);
}

static void watches_follow(Watches *watches, uint64_t now) {
        static const OperationHooks hooks = { run_stream, on_stream_report, on_stream_end };
        int r;

        if (watches->stream || now < watches->open_at)
                return;

        r = operation_new(watches->event, &hooks, watches, WATCH_FOLLOW_DEADLINE_USEC, &watches->stream);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot follow what happens in the engine: %m");
                watches->open_at = now + WATCH_PAUSE_MAX_USEC;
        }
}

/* What happened is looked at, once the stream is open, and what is over, whatever else there is. */
static bool watch_is_due(const Watch *watch, uint64_t now) {
        if (watch->look)
                return false;

        return (watch->look_at <= now && watch->watches->open) ||
               (watch->until <= now && (watch->look_at == UINT64_MAX || watch->look_at <= now));
}

static uint64_t watch_next(const Watch *watch) {
        if (watch->look)
                return UINT64_MAX;

        return watch->look_at < UINT64_MAX && (watch->look_at > watch->until || watch->watches->open)
                               ? watch->look_at
                               : watch->until;
}

static void watches_arm(Watches *watches, uint64_t now) {
        uint64_t next = watches->stream ? UINT64_MAX : watches->open_at;

        for (const Watch *watch = watches->items; watch && watches->n_looks < WATCH_LOOKS_MAX;
             watch = watch->next)
                if (watch_next(watch) < next)
                        next = watch_next(watch);

        (void) sd_event_source_set_time(watches->timer, next > now ? next : now);
        (void) sd_event_source_set_enabled(watches->timer,
                                           next < UINT64_MAX ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void watches_go_on(Watches *watches) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        if (!watches->items || watches->stopped) {
                (void) sd_event_source_set_enabled(watches->timer, SD_EVENT_OFF);
                if (watches->stream)
                        operation_stop(watches->stream);
                return;
        }

        watches_follow(watches, now);
        for (Watch *watch = watches->items; watch && watches->n_looks < WATCH_LOOKS_MAX; watch = watch->next)
                if (watch_is_due(watch, now))
                        watch_look(watch, now);
        watches_arm(watches, now);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;

        watches_go_on(userdata);
        return 0;
}

int watches_new(sd_event *event, const DeployerConfig *config, const WatchesHooks *hooks, void *userdata,
                Watches **ret) {
        _cleanup_(watches_freep) Watches *watches = NULL;
        int r;

        assert(event);
        assert(config);
        assert(hooks && hooks->on_engine && hooks->on_end);
        assert(ret);

        watches = calloc(1, sizeof(*watches));
        if (!watches)
                return -ENOMEM;

        watches->event = sd_event_ref(event);
        watches->config = config;
        watches->hooks = *hooks;
        watches->userdata = userdata;
        watches->pause = WATCH_PAUSE_MIN_USEC;
        r = sd_event_add_time(event, &watches->timer, CLOCK_MONOTONIC, 0, 10 * USEC_PER_MSEC, on_timer,
                              watches);
        if (r >= 0)
                r = sd_event_source_set_enabled(watches->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(watches);
        return 0;
}

Watches *watches_free(Watches *watches) {
        if (!watches)
                return NULL;

        while (watches->items)
                watches_drop(&watches->items);
        operation_free(watches->stream);
        sd_event_source_disable_unref(watches->timer);
        sd_event_unref(watches->event);
        free(watches);
        return NULL;
}

int watches_begin(Watches *watches, DeployRequest *request, uint64_t usec) {
        Watch **same, *watch;

        assert(watches);
        assert(request);

        if (watches->stopped)
                return -EINTR;

        same = watches_find(watches, request->store, request->deploy_id);
        if (same)
                watches_drop(same);
        if (watches->n >= WATCHES_MAX)
                return -EUSERS;

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;

        watch->watches = watches;
        watch->request = request;
        watch->until = now_usec(CLOCK_MONOTONIC) + usec;
        watch->next = watches->items;
        watches->items = watch;
        watches->n++;
        watches_go_on(watches);
        return 0;
}

void watches_leave(Watches *watches, const char *store, const char *project, const char *stage) {
        Watch **link = &watches->items;

        assert(watches);
        assert(store && project && stage);

        while (*link) {
                const DeployRequest *request = (*link)->request;

                if (streq(request->store, store) && streq(request->project, project) &&
                    streq(request->stage, stage))
                        watches_drop(link);
                else
                        link = &(*link)->next;
        }
        watches_go_on(watches);
}

void watches_end(Watches *watches, const char *project, const char *stage, const char *reason) {
        Watch *watch, *next;

        assert(watches);
        assert(project);
        assert(reason);

        for (watch = watches->items; watch; watch = next) {
                next = watch->next;
                if (streq(watch->request->project, project) &&
                    (isempty(stage) || streq(watch->request->stage, stage)))
                        watch_end(watch, WATCH_VERDICT_GONE, reason);
        }
        watches_go_on(watches);
}

bool watches_is_idle(const Watches *watches) {
        assert(watches);

        return !watches->items && !watches->stream;
}

void watches_stop(Watches *watches) {
        assert(watches);

        watches->stopped = true;
        while (watches->items)
                watches_drop(&watches->items);
        watches_go_on(watches);
}
