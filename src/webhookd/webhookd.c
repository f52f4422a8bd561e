/* SPDX-License-Identifier: MIT */
/* The wiring of the receiving daemon: see webhookd.h. */
#include "webhookd/webhookd.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/service.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "webhookd/bus/manager.h"
#include "webhookd/damage.h"
#include "webhookd/delivery/delivery.h"
#include "webhookd/flood.h"
#include "webhookd/hook/hook.h"
#include "webhookd/http/loop.h"
#include "webhookd/http/server.h"
#include "webhookd/http/tls.h"
#include "webhookd/queue/dispatch.h"
#include "webhookd/queue/inspector.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/queue/progress.h"
#include "webhookd/queue/watching.h"
#include "webhookd/store/store.h"
#include "webhookd/store/upkeep.h"
#include "webhookd/turn.h"
#include "webhookd/waiters.h"
#include "webhookd/webhook-config.h"

#define STATE_DIRECTORY_DEFAULT "/var/lib/tinyforge"

struct Webhookd {
        WebhookConfig config;
        Turn turn;
        Service *service;
        Store *store;
        Hooks *hooks;
        Outbox *outbox;
        Flood *flood;
        Progress progress;
        Deployer *deployer;
        Dispatch *dispatch;
        Inspector *inspector;
        Watching *watching;
        Manager *manager;
        Delivery *delivery;
        Waiters *waiters;
        Loop *loop;
        Tls *tls;            /* or NULL */
        bool tls_is_refused; /* what is wrong with the credentials was told */
        Server *server;
        char *store_path;
        bool damage_is_known, damage_is_told, stopped_by_signal;
};

/* Without a store no request keeps the daemon: it ends, so that the next one may find the store mended. */
static void on_activity(void *userdata) {
        Webhookd *webhookd = userdata;

        if (store_fault(webhookd->store) == 0)
                service_touch(webhookd->service);
}

/* What was known of a deploy's way is over with each attempt, and its end is what others wait for: those alone whose secret is good. */
static void webhookd_follow(Webhookd *webhookd, const Notice *notice) {
        if (notice->signal == NOTICE_DEPLOY_FINISHED || notice->event == EVENT_DEPLOY_STARTED ||
            notice->event == EVENT_DEPLOY_RETRIED)
                progress_forget(&webhookd->progress, notice->deploy);
        if (notice->signal == NOTICE_DEPLOY_FINISHED)
                waiters_end_deploy(webhookd->waiters, notice->deploy);
        watching_follow(webhookd->watching, notice);
        if (notice->signal == NOTICE_HOOK_ROTATED || notice->signal == NOTICE_HOOK_REMOVED)
                waiters_wake_hook(webhookd->waiters, notice->hook);
        if (notice->signal == NOTICE_SECRET_REGENERATED)
                waiters_wake_hook(webhookd->waiters, HOOK_MAIN);
}

/* After a commit: the journal, the bus, and what follows from it. */
static void on_notice(const Notice *notice, void *userdata) {
        Webhookd *webhookd = userdata;

        if (!flood_takes(webhookd->flood, notice))
                log_event(notice->event,
                          &(EventFields){
                                          .project = notice->project,
                                          .stage = notice->stage,
                                          .image = notice->image,
                                          .digest = notice->digest,
                                          .deploy = notice->deploy,
                                          .delivery = notice->delivery,
                                          .provider = notice->provider,
                                          .remote = notice->remote,
                                          .hook = notice->hook,
                                          .caller_uid = notice->caller_uid,
                          },
                          "%s", strempty(notice->text));
        manager_emit(webhookd->manager, notice);
        webhookd_follow(webhookd, notice);
}

static void webhookd_set_status(Webhookd *webhookd) {
        uint64_t queued = 0, running = 0;

        if (store_fault(webhookd->store) < 0)
                service_set_status(webhookd->service, "The store cannot be used: %s",
                                   store_error(webhookd->store));
        else if (store_count_deploys(webhookd->store, DEPLOY_QUEUED, &queued) >= 0 &&
                 store_count_deploys(webhookd->store, DEPLOY_RUNNING, &running) >= 0)
                service_set_status(webhookd->service, "%" PRIu64 " deploys queued, %" PRIu64 " running",
                                   queued, running);
}

/* The store changed, outside of a turn or at its end. */
static void on_changed(void *userdata) {
        Webhookd *webhookd = userdata;

        (void) outbox_flush(webhookd->outbox);
        manager_emit_changes(webhookd->manager);
        webhookd_set_status(webhookd);
        on_activity(webhookd);
}

/* There may be something new in the queue. */
static void on_queued(void *userdata) {
        Webhookd *webhookd = userdata;

        on_changed(webhookd);
        dispatch_kick(webhookd->dispatch);
}

/* There will be, if the commit that follows does not fail. */
static void on_committing(void *userdata) {
        Webhookd *webhookd = userdata;

        dispatch_expect(webhookd->dispatch);
}

static void on_succeeded(const Deploy *deploy, void *userdata) {
        Webhookd *webhookd = userdata;

        inspector_look(webhookd->inspector, deploy->project, deploy->image, deploy->digest);
}

static void on_progress(uint64_t deploy, const char *phase, const char *detail, void *userdata) {
        Webhookd *webhookd = userdata;

        if (streq(phase, PHASE_WATCHED))
                watching_note(webhookd->watching, deploy, detail);
        /* How long it took, and how long it is watched, is no step of its way. */
        else if (!streq(phase, PHASE_TOOK))
                progress_note(&webhookd->progress, deploy, phase, detail);
        dispatch_progress(webhookd->dispatch, deploy, phase, detail);
}

static bool is_idle(void *userdata) {
        Webhookd *webhookd = userdata;
        uint64_t queued = 1, running = 1;

        /* A store that cannot be asked may have a queue, and one that was given up has nothing to wait for. */
        if (store_fault(webhookd->store) < 0)
                queued = running = 0;
        (void) store_count_deploys(webhookd->store, DEPLOY_QUEUED, &queued);
        (void) store_count_deploys(webhookd->store, DEPLOY_RUNNING, &running);
        return queued == 0 && running == 0 && server_count_connections(webhookd->server) == 0 &&
               inspector_is_idle(webhookd->inspector) && watching_is_idle(webhookd->watching) &&
               manager_is_idle(webhookd->manager);
}

static void on_stop(bool by_signal, void *userdata) {
        Webhookd *webhookd = userdata;

        webhookd->stopped_by_signal = by_signal;
        server_stop(webhookd->server);
        waiters_stop(webhookd->waiters);
        dispatch_stop(webhookd->dispatch);
        watching_stop(webhookd->watching);
        manager_stop(webhookd->manager);
}

static bool is_drained(void *userdata) {
        Webhookd *webhookd = userdata;

        return server_count_connections(webhookd->server) == 0 && turn_is_empty(&webhookd->turn) &&
               manager_is_idle(webhookd->manager);
}

static bool is_pending(void *userdata) {
        Webhookd *webhookd = userdata;

        return !turn_is_empty(&webhookd->turn);
}

/* Nobody is told again, so it has to arrive: a journal that does not read is told when it does. */
static void webhookd_tell_damage(Webhookd *webhookd) {
        if (webhookd->damage_is_told || (webhookd->damage_is_known && log_is_behind()))
                return;

        damage_tell(webhookd->store, webhookd->store_path);
        webhookd->damage_is_told = !log_is_behind();
}

/* The queue stays as it is until the store is mended. */
static void webhookd_look_after_store(Webhookd *webhookd) {
        if (store_fault(webhookd->store) == 0)
                return;

        webhookd_tell_damage(webhookd);
        if (webhookd->damage_is_known)
                return;

        webhookd->damage_is_known = true;
        dispatch_stop(webhookd->dispatch);
        watching_stop(webhookd->watching);
        waiters_release_all(webhookd->waiters);
        webhookd_set_status(webhookd);
}

static void on_flush(void *userdata) {
        Webhookd *webhookd = userdata;

        turn_flush(&webhookd->turn);
        webhookd_look_after_store(webhookd);
        server_relieve(webhookd->server);
        service_check(webhookd->service);
}

static int webhookd_open_store(Webhookd *webhookd, const char *state_directory) {
        char *path = NULL;
        int r;

        if (asprintf(&path, "%s/tinyforge.db", state_directory ? state_directory : STATE_DIRECTORY_DEFAULT) <
            0)
                return log_oom();

        webhookd->store_path = path;
        r = store_open_anyway(path, &webhookd->store);
        if (r == -EBUSY)
                return log_error_errno(r, "The store '%s' is in use by another process.", path);
        if (r < 0)
                return log_error_errno(r, "Cannot open the store '%s': %m", path);

        (void) store_prune_deliveries(webhookd->store);
        return hooks_new(webhookd->store, webhookd->config.signature, &webhookd->hooks);
}

static int webhookd_connect(Webhookd *webhookd) {
        static const ServiceHooks service_hooks = { is_idle, on_stop, is_drained };
        static const DispatchHooks dispatch_hooks = { on_changed, on_succeeded };
        static const ManagerHooks manager_hooks = { on_activity, on_queued };
        sd_event *event;
        sd_bus *bus;
        int r;

        r = service_new(&service_hooks, webhookd, webhookd->config.idle_usec, &webhookd->service);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");

        event = service_event(webhookd->service);
        bus = service_bus(webhookd->service);

        r = flood_new(event, webhookd->config.audit_per_sec, &webhookd->flood);
        if (r >= 0)
                r = outbox_new(on_notice, webhookd, &webhookd->outbox);
        if (r >= 0)
                r = deployer_new(bus, on_progress, webhookd, &webhookd->deployer);
        if (r >= 0)
                r = dispatch_new(event, webhookd->store, webhookd->deployer, webhookd->outbox,
                                 &(DispatchLimits){ .max_deploys = webhookd->config.max_deploys,
                                                    .retry_for_usec = webhookd->config.retry_for_usec,
                                                    .store_retry_usec = STORE_RETRY_USEC },
                                 &dispatch_hooks, webhookd, &webhookd->dispatch);
        if (r >= 0)
                r = inspector_new(webhookd->store, webhookd->deployer, &webhookd->inspector);
        if (r >= 0)
                r = watching_new(event, bus, webhookd->store, webhookd->outbox, on_queued, webhookd,
                                 &webhookd->watching);
        if (r >= 0)
                r = delivery_new(webhookd->store, webhookd->hooks, &webhookd->config, webhookd->outbox,
                                 &webhookd->progress, &webhookd->delivery);
        if (r >= 0)
                r = waiters_new(event, &webhookd->waiters);
        if (r >= 0)
                r = manager_new(bus, webhookd->store, webhookd->hooks, &webhookd->config, webhookd->outbox,
                                webhookd->deployer, webhookd->delivery, webhookd->waiters, &manager_hooks,
                                webhookd, &webhookd->manager);
        return r < 0 ? log_error_errno(r, "Cannot set up the bus: %m") : 0;
}

/* Calls on the bus find damage, too, and no turn follows them. */
static int after_event(sd_event_source *source, void *userdata) {
        (void) source;

        webhookd_look_after_store(userdata);
        return 0;
}

static int webhookd_serve(Webhookd *webhookd) {
        static const LoopHooks loop_hooks = { is_pending, on_flush };
        sd_event *event = service_event(webhookd->service);
        int r;

        turn_init(&webhookd->turn, webhookd->store, webhookd->outbox, on_committing, on_queued, webhookd);
        r = sd_event_add_post(event, NULL, after_event, webhookd);
        if (r >= 0)
                r = loop_new(event, &loop_hooks, webhookd, &webhookd->loop);
        if (r >= 0)
                r = server_new(webhookd->loop, event, webhookd->delivery, &webhookd->turn, webhookd->waiters,
                               webhookd->config.max_connections, on_activity, webhookd, &webhookd->server);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the server: %m");

        if (webhookd->tls)
                server_set_tls(webhookd->server, webhookd->tls);
        return 0;
}

int webhookd_new(const char *config_path, const char *state_directory, Webhookd **ret) {
        _cleanup_(webhookd_freep) Webhookd *webhookd = NULL;
        int r;

        assert(config_path);
        assert(ret);

        webhookd = calloc(1, sizeof(*webhookd));
        if (!webhookd)
                return log_oom();

        r = webhook_config_load(config_path, &webhookd->config);
        if (r < 0)
                return r;

        /* What is wrong with a certificate is logged, and closes its listener alone: the others serve. */
        r = tls_load(&webhookd->tls);
        if (r == -ENOMEM)
                return r;
        webhookd->tls_is_refused = r < 0;

        r = webhookd_open_store(webhookd, state_directory);
        if (r < 0)
                return r;

        r = webhookd_connect(webhookd);
        if (r < 0)
                return r;

        r = webhookd_serve(webhookd);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(webhookd);
        return 0;
}

Webhookd *webhookd_free(Webhookd *webhookd) {
        if (!webhookd)
                return NULL;

        if (webhookd->delivery)
                delivery_log_refusals(webhookd->delivery);
        server_free(webhookd->server);
        tls_free(webhookd->tls);
        loop_free(webhookd->loop);
        manager_free(webhookd->manager);
        waiters_free(webhookd->waiters);
        delivery_free(webhookd->delivery);
        inspector_free(webhookd->inspector);
        watching_free(webhookd->watching);
        dispatch_free(webhookd->dispatch);
        deployer_free(webhookd->deployer);
        outbox_free(webhookd->outbox);
        flood_free(webhookd->flood);
        service_free(webhookd->service);
        hooks_free(webhookd->hooks);
        store_free(webhookd->store);
        free(webhookd->store_path);
        webhook_config_done(&webhookd->config);
        free(webhookd);
        return NULL;
}

int webhookd_listen(Webhookd *webhookd, int fd, const char *name) {
        bool is_tls;
        int r;

        assert(webhookd);
        assert(name);

        is_tls = streq(name, WEBHOOK_TLS_SOCKET);
        if (is_tls && !webhookd->tls && !webhookd->tls_is_refused)
                log_event(EVENT_TLS_UNUSABLE, NULL,
                          "A socket for TLS was passed, but no certificate: give this service LoadCredential=%s:… and "
                          "LoadCredential=%s:… in a drop-in, of files that are there and not empty.",
                          TLS_CERTIFICATE_CREDENTIAL, TLS_KEY_CREDENTIAL);

        r = server_listen(webhookd->server, fd, is_tls ? SERVER_LISTEN_TLS : SERVER_LISTEN_PLAIN);
        return r < 0 ? log_error_errno(r, "Cannot listen on descriptor %i: %m", fd) : 0;
}

int webhookd_run(Webhookd *webhookd) {
        int r;

        assert(webhookd);

        r = service_start(webhookd->service, WEBHOOK_BUS_NAME);
        if (r < 0)
                return r;

        webhookd_look_after_store(webhookd);
        webhookd_set_status(webhookd);
        dispatch_resume(webhookd->dispatch);
        watching_resume(webhookd->watching);
        r = loop_run(webhookd->loop);
        if (r < 0)
                return log_error_errno(r, "The event loop failed: %m");

        /* Nothing is served any more, and nobody waits unless they came just now. */
        if (!webhookd->stopped_by_signal)
                (void) store_check_late(webhookd->store);
        webhookd_look_after_store(webhookd);
        return 0;
}
