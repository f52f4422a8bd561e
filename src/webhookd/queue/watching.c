/* SPDX-License-Identifier: MIT */
/* What is watched, who is asked to, and what comes of it: see watching.h. */
#include "webhookd/queue/watching.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/conf/parse.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"
#include "webhookd/store/watch.h"

/* Bytes of a reason that an entry of the journal has; the row has all of it. */
#define TOLD_MAX 400U

typedef struct Watched Watched;

struct Watched {
        Watching *watching;
        uint64_t deploy;
        char *project, *stage;
        WatchCall *call; /* NULL: none is under way */
        bool told;       /* the deployer watches it */
        Watched *next;
};

struct Watching {
        Store *store;
        Outbox *outbox;
        WatchProxy *proxy;
        void (*changed)(void *userdata);
        void *userdata;
        char store_uuid[UUID_TEXT_SIZE];
        Watched *items;
        unsigned n_calls;
        sd_event_source *timer;
        uint64_t not_before; /* monotonic: the next calls */
        uint64_t pause;
        bool syncing, stopped;
};

static Watched *watched_free(Watched *watched) {
        if (!watched)
                return NULL;

        if (watched->call)
                watched->watching->n_calls--;
        watch_call_free(watched->call);
        free(watched->project);
        free(watched->stage);
        free(watched);
        return NULL;
}

DEFINE_CLEANUP(Watched, watched_free)

static Watched **watching_find(Watching *watching, uint64_t deploy) {
        for (Watched **link = &watching->items; *link; link = &(*link)->next)
                if ((*link)->deploy == deploy)
                        return link;

        return NULL;
}

static void watching_drop(Watched **link) {
        Watched *watched = *link;

        *link = watched->next;
        watched_free(watched);
}

static int watching_add(Watching *watching, const Deploy *deploy) {
        _cleanup_(watched_freep) Watched *watched = NULL;

        if (watching_find(watching, deploy->id))
                return 0;

        watched = calloc(1, sizeof(*watched));
        if (!watched)
                return -ENOMEM;

        watched->watching = watching;
        watched->deploy = deploy->id;
        watched->project = strdup(deploy->project);
        watched->stage = strdup(deploy->stage);
        if (!watched->project || !watched->stage)
                return -ENOMEM;

        watched->next = watching->items;
        watching->items = TAKE_PTR(watched);
        return 0;
}

static void watching_arm(Watching *watching, uint64_t when) {
        (void) sd_event_source_set_time(watching->timer, when);
        (void) sd_event_source_set_enabled(watching->timer, SD_EVENT_ONESHOT);
}

/* What did not get through is tried again, later each time. */
static void watching_put_off(Watching *watching) {
        watching->not_before = now_usec(CLOCK_MONOTONIC) + watching->pause;
        if (watching->pause * 2 <= WATCH_RETRY_MAX_USEC)
                watching->pause *= 2;
        watching_arm(watching, watching->not_before);
}

static void watching_sync(Watching *watching);

static const struct {
        EventId event;
        const char *text;
} end_texts[_WATCH_STATE_MAX] = {
        [WATCH_HELD] = { EVENT_WATCH_HELD, "has held" },
        [WATCH_FAILED] = { EVENT_WATCH_FAILED, "failed while it was watched" },
        [WATCH_GONE] = { EVENT_WATCH_GONE, "is watched no more" },
};

static void tell_ended(Watching *watching, const Deploy *deploy, WatchState state, const char *reason) {
        Notice notice = notice_about(deploy, end_texts[state].event, NOTICE_WATCH_ENDED);
        char text[512];

        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " %s%s%.*s", deploy->id, end_texts[state].text,
                        isempty(reason) ? "" : ": ", utf8_cut(reason, TOLD_MAX), reason);
        notice.text = text;
        notice.watch = state;
        if (outbox_add(watching->outbox, &notice) < 0)
                (void) log_oom();
}

static void tell_back(Watching *watching, uint64_t back, uint64_t failed) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Notice notice;
        char text[128];

        if (store_find_deploy(watching->store, back, &deploy) <= 0)
                return;

        (void) snprintf(text, sizeof(text),
                        "Deploy %" PRIu64 " brings the version before back, since deploy %" PRIu64 " failed",
                        back, failed);
        notice = notice_about(deploy, EVENT_DELIVERY_ACCEPTED, NOTICE_DEPLOY_QUEUED);
        notice.text = text;
        notice.state = DEPLOY_QUEUED;
        if (outbox_add(watching->outbox, &notice) < 0)
                (void) log_oom();
}

/* Writes a verdict down. Whatever becomes of that, the deployer does not watch it any more. */
static int watching_end(Watching *watching, uint64_t id, WatchState state, const char *reason) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Watched **link = watching_find(watching, id);
        _cleanup_free_ char *told = NULL;
        WatchVerdict verdict;
        uint64_t back;
        int r;

        if (!link)
                return 0;

        (*link)->told = false;
        r = store_end_watch(watching->store, id, state, reason, &verdict, &back, &told);
        if (r < 0)
                return r;
        if (verdict == WATCH_VERDICT_LATER)
                return 0;

        watching_drop(link);
        if (verdict == WATCH_VERDICT_OVER || store_find_deploy(watching->store, id, &deploy) <= 0)
                return 0;

        tell_ended(watching, deploy, state, strempty(told));
        if (back > 0)
                tell_back(watching, back, id);
        return 1;
}

/* The same, and all that follows. */
static void watching_settle(Watching *watching, uint64_t id, WatchState state, const char *reason) {
        int r;

        r = watching_end(watching, id, state, reason);
        if (r < 0) {
                (void) log_seldom_errno(LOG_ERR, r, "Cannot write how watching deploy %" PRIu64 " ended: %s",
                                        id, store_error(watching->store));
                watching_put_off(watching);
        }
        if (r > 0)
                watching->changed(watching->userdata);
        watching_sync(watching);
}

static void on_end(uint64_t deploy, const char *verdict, const char *reason, void *userdata) {
        Watching *watching = userdata;
        WatchState state = streq(verdict, WATCH_VERDICT_HELD)     ? WATCH_HELD
                           : streq(verdict, WATCH_VERDICT_FAILED) ? WATCH_FAILED
                                                                  : WATCH_GONE;

        if (watching->stopped)
                return;

        watching->pause = WATCH_RETRY_MIN_USEC;
        watching_settle(watching, deploy, state, reason);
}

static void on_lost(void *userdata) {
        Watching *watching = userdata;
        bool any = false;

        for (Watched *watched = watching->items; watched; watched = watched->next) {
                any |= watched->told;
                watched->told = false;
        }
        if (any && !watching->stopped)
                watching_put_off(watching);
}

/* What the deployer does not know how to do, it will not know the next time. */
static void on_reply(const DeployerReply *reply, void *userdata) {
        Watched *watched = userdata;
        Watching *watching = watched->watching;

        watched->call = watch_call_free(watched->call);
        watching->n_calls--;
        if (watching->stopped)
                return;

        if (!reply->error_name) {
                watched->told = true;
                watching_sync(watching);
                return;
        }

        if (error_name_verdict(reply->error_name) == ERROR_FINAL) {
                watching_settle(watching, watched->deploy, WATCH_GONE, reply->error_text);
                return;
        }

        (void) log_seldom_errno(LOG_NOTICE, 0, "Deploy %" PRIu64 " is not watched yet: %s", watched->deploy,
                                reply->error_text);
        watching_put_off(watching);
}

static uint64_t time_left(const Deploy *deploy) {
        uint64_t now = now_usec(CLOCK_REALTIME), left;

        left = deploy->watch.until > now ? deploy->watch.until - now : 1;
        /* The clock of the day may have been set back. */
        return left < WATCH_MAX_USEC ? left : WATCH_MAX_USEC;
}

/* 1: it is asked for, or has to wait; 0: it is not watched any more. */
static int watched_call(Watched *watched) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL, *other = NULL;
        _cleanup_(project_freep) Project *project = NULL;
        Watching *watching = watched->watching;
        int r;

        r = store_find_deploy(watching->store, watched->deploy, &deploy);
        if (r <= 0 || deploy->watch.state != WATCH_WATCHING)
                return r < 0 ? r : 0;

        r = store_find_unfinished(watching->store, watched->project, watched->stage, &other);
        if (r != 0)
                return r;

        r = store_find_project_by_name(watching->store, watched->project, &project);
        if (r <= 0)
                return r;

        r = watch_proxy_begin(watching->proxy,
                              &(WatchWish){ .deploy = deploy,
                                            .healthcheck = project->healthcheck,
                                            .store_uuid = watching->store_uuid,
                                            .usec = time_left(deploy) },
                              on_reply, watched, &watched->call);
        if (r < 0)
                return r;

        watching->n_calls++;
        return 1;
}

static bool watched_waits(const Watched *watched) {
        return !watched->told && !watched->call;
}

/* Asks for everything that the deployer does not know of, as far as that is possible now. */
static void watching_sync(Watching *watching) {
        Watched **link = &watching->items;

        /* What is not committed may never be. */
        if (watching->stopped || store_is_open(watching->store) ||
            now_usec(CLOCK_MONOTONIC) < watching->not_before)
                return;

        while (*link && watching->n_calls < WATCH_CALLS_MAX) {
                int r = watched_waits(*link) ? watched_call(*link) : 1;

                if (r < 0) {
                        (void) log_seldom_errno(LOG_ERR, r, "Cannot have deploy %" PRIu64 " watched: %m",
                                                (*link)->deploy);
                        watching_put_off(watching);
                        return;
                }
                if (r == 0)
                        watching_drop(link);
                else
                        link = &(*link)->next;
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;

        watching_sync(userdata);
        return 0;
}

int watching_new(sd_event *event, struct sd_bus *bus, Store *store, Outbox *outbox,
                 void (*changed)(void *userdata), void *userdata, Watching **ret) {
        static const WatchProxyHooks hooks = { on_end, on_lost };
        _cleanup_(watching_freep) Watching *watching = NULL;
        int r;

        assert(event);
        assert(store);
        assert(outbox);
        assert(changed);
        assert(ret);

        watching = calloc(1, sizeof(*watching));
        if (!watching)
                return -ENOMEM;

        watching->store = store;
        watching->outbox = outbox;
        watching->changed = changed;
        watching->userdata = userdata;
        watching->pause = WATCH_RETRY_MIN_USEC;
        watching->stopped = store_fault(store) < 0;
        r = watching->stopped ? 0 : store_get_uuid(store, watching->store_uuid);
        if (r >= 0)
                r = watch_proxy_new(bus, &hooks, watching, &watching->proxy);
        if (r >= 0)
                r = sd_event_add_time(event, &watching->timer, CLOCK_MONOTONIC, 0, 100 * USEC_PER_MSEC,
                                      on_timer, watching);
        if (r >= 0)
                r = sd_event_source_set_enabled(watching->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(watching);
        return 0;
}

Watching *watching_free(Watching *watching) {
        if (!watching)
                return NULL;

        while (watching->items)
                watching_drop(&watching->items);
        watch_proxy_free(watching->proxy);
        sd_event_source_unref(watching->timer);
        free(watching);
        return NULL;
}

void watching_resume(Watching *watching) {
        _cleanup_(deploy_list_done) DeployList list = { 0 };
        int r;

        assert(watching);

        if (watching->stopped)
                return;

        r = store_list_watched(watching->store, &list);
        for (size_t i = 0; r >= 0 && i < list.n; i++)
                r = watching_add(watching, &list.items[i]);
        if (r < 0)
                (void) log_seldom_errno(LOG_ERR, r, "Cannot read what is watched: %m");

        watching_sync(watching);
}

void watching_note(Watching *watching, uint64_t deploy, const char *usec) {
        uint64_t span;

        assert(watching);
        assert(usec);

        if (watching->stopped || parse_uint(usec, WATCH_MAX_USEC, &span) < 0)
                return;

        if (store_note_watch(watching->store, deploy, span) < 0)
                (void) log_seldom_errno(LOG_WARNING, 0,
                                        "Cannot note that deploy %" PRIu64 " is to be watched: %s", deploy,
                                        store_error(watching->store));
}

/* The deployer lets go of what it watches in a stage that it deploys. */
static void watching_lose_stage(Watching *watching, const Notice *notice) {
        for (Watched *watched = watching->items; watched; watched = watched->next)
                if (streq(watched->project, strempty(notice->project)) &&
                    streq(watched->stage, strempty(notice->stage)))
                        watched->told = false;
}

static void watching_take(Watching *watching, uint64_t id) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        int r;

        r = store_find_deploy(watching->store, id, &deploy);
        if (r > 0 && deploy->watch.state == WATCH_WATCHING)
                r = watching_add(watching, deploy);
        if (r < 0)
                (void) log_seldom_errno(LOG_ERR, r, "Cannot have deploy %" PRIu64 " watched: %m", id);
}

void watching_follow(Watching *watching, const Notice *notice) {
        assert(watching);
        assert(notice);

        if (watching->stopped)
                return;

        if (notice->event == EVENT_DEPLOY_STARTED)
                watching_lose_stage(watching, notice);
        else if (notice->event == EVENT_DEPLOY_SUCCEEDED)
                watching_take(watching, notice->deploy);
        if (notice->signal == NOTICE_DEPLOY_FINISHED)
                watching_sync(watching);
}

bool watching_is_idle(const Watching *watching) {
        assert(watching);

        return !watching->items;
}

void watching_stop(Watching *watching) {
        assert(watching);

        watching->stopped = true;
        (void) sd_event_source_set_enabled(watching->timer, SD_EVENT_OFF);
}
