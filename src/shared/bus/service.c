/* SPDX-License-Identifier: MIT */
/* The life of a daemon that ends when nothing happens: see service.h. */
#include "shared/bus/service.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "shared/log.h"
#include "shared/time-util.h"

/* How often it is tried to tell the journal what it missed. */
#define CATCH_UP_USEC USEC_PER_SEC

typedef enum ServicePhase {
        SERVICE_RUNNING,
        SERVICE_RELEASING, /* the name is given back, its loss has not arrived yet */
        SERVICE_DRAINING,  /* no new call can arrive any more */
} ServicePhase;

struct Service {
        sd_event *event;
        sd_bus *bus;
        sd_event_source *idle_timer;
        sd_event_source *catch_up_timer; /* enabled while the log is behind */
        sd_event_source *after_each;
        sd_bus_slot *name_match;
        sd_bus_slot *release_slot;
        char *bus_name;
        ServiceHooks hooks;
        void *userdata;
        uint64_t idle_usec;
        ServicePhase phase;
};

void service_touch(Service *service) {
        assert(service);

        if (service->idle_timer)
                (void) sd_event_source_set_time(service->idle_timer,
                                                now_usec(CLOCK_MONOTONIC) + service->idle_usec);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        Service *service = userdata;
        int r;

        (void) usec;

        /* One that ends cannot tell any more what the journal missed. */
        if (!log_is_behind() && service->hooks.is_idle(service->userdata)) {
                service_stop(service, /* by_signal= */ false);
                return 0;
        }

        service_touch(service);
        r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (r < 0)
                return log_error_errno(r, "Cannot arm the idle timer: %m");

        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void) source;
        (void) info;

        service_stop(userdata, /* by_signal= */ true);
        return 0;
}

static int on_catch_up(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        (void) userdata;

        (void) log_catch_up();
        return 0;
}

/* The timer is off after it has run, and on again as long as there is something to tell. */
static void service_catch_up_later(Service *service) {
        int enabled = SD_EVENT_OFF;

        if (sd_event_source_get_enabled(service->catch_up_timer, &enabled) != 0)
                return;

        (void) sd_event_source_set_time(service->catch_up_timer, now_usec(CLOCK_MONOTONIC) + CATCH_UP_USEC);
        (void) sd_event_source_set_enabled(service->catch_up_timer, SD_EVENT_ONESHOT);
}

void service_check(Service *service) {
        assert(service);

        if (log_is_behind())
                service_catch_up_later(service);
        if (service->phase == SERVICE_DRAINING && service->hooks.is_drained(service->userdata))
                (void) sd_event_exit(service->event, 0);
}

static int after_each(sd_event_source *source, void *userdata) {
        (void) source;

        service_check(userdata);
        return 0;
}

/* NameOwnerChanged comes in order with the calls: after it, no call addressed to the name can follow. */
static int on_name_lost(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Service *service = userdata;
        const char *name = NULL, *old_owner = NULL, *new_owner = NULL, *self = NULL;
        int r;

        (void) error;

        r = sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner);
        if (r < 0)
                return 0;

        r = sd_bus_get_unique_name(service->bus, &self);
        if (r < 0)
                return 0;

        if (service->phase == SERVICE_RELEASING && streq(old_owner, self))
                service->phase = SERVICE_DRAINING;

        return 0;
}

/* A name that is not ours any more will not be lost again: do not wait for that. */
static int on_released(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Service *service = userdata;

        (void) error;

        if (sd_bus_message_is_method_error(message, NULL) > 0 && service->phase == SERVICE_RELEASING)
                service->phase = SERVICE_DRAINING;

        return 0;
}

void service_stop(Service *service, bool by_signal) {
        int r;

        assert(service);

        if (service->phase != SERVICE_RUNNING)
                return;

        service->phase = SERVICE_RELEASING;
        service->hooks.stop(by_signal, service->userdata);
        (void) sd_notify(/* unset_environment= */ 0, "STOPPING=1");

        r = service->bus_name ? sd_bus_release_name_async(service->bus, &service->release_slot,
                                                          service->bus_name, on_released, service)
                              : -ENOTCONN;
        if (r < 0)
                service->phase = SERVICE_DRAINING;
}

bool service_is_stopping(const Service *service) {
        assert(service);

        return service->phase != SERVICE_RUNNING;
}

static int service_add_sources(Service *service) {
        static const int signals[] = { SIGTERM, SIGINT };
        sigset_t mask;
        int r;

        sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&mask, signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                r = sd_event_add_signal(service->event, NULL, signals[i], on_signal, service);
                if (r < 0)
                        return r;
        }

        r = sd_event_add_time(service->event, &service->idle_timer, CLOCK_MONOTONIC,
                              now_usec(CLOCK_MONOTONIC) + service->idle_usec, USEC_PER_MSEC, on_idle,
                              service);
        if (r < 0)
                return r;

        r = sd_event_add_time(service->event, &service->catch_up_timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                              on_catch_up, service);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(service->catch_up_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = sd_event_add_post(service->event, &service->after_each, after_each, service);
        if (r < 0)
                return r;

        r = sd_event_set_watchdog(service->event, true);
        return r < 0 ? r : 0;
}

int service_new(const ServiceHooks *hooks, void *userdata, uint64_t idle_usec, Service **ret) {
        _cleanup_(service_freep) Service *service = NULL;
        int r;

        assert(hooks && hooks->is_idle && hooks->stop && hooks->is_drained);
        assert(ret);

        service = calloc(1, sizeof(*service));
        if (!service)
                return -ENOMEM;

        service->hooks = *hooks;
        service->userdata = userdata;
        service->idle_usec = idle_usec;

        r = sd_event_new(&service->event);
        if (r < 0)
                return r;

        r = service_add_sources(service);
        if (r < 0)
                return r;

        r = sd_bus_open_system(&service->bus);
        if (r < 0)
                return r;

        r = sd_bus_set_exit_on_disconnect(service->bus, true);
        if (r < 0)
                return r;

        r = sd_bus_attach_event(service->bus, service->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(service);
        return 0;
}

Service *service_free(Service *service) {
        if (!service)
                return NULL;

        sd_bus_slot_unref(service->name_match);
        sd_bus_slot_unref(service->release_slot);
        sd_event_source_unref(service->idle_timer);
        sd_event_source_unref(service->catch_up_timer);
        sd_event_source_unref(service->after_each);
        sd_bus_flush_close_unref(service->bus);
        sd_event_unref(service->event);
        free(service->bus_name);
        free(service);
        return NULL;
}

sd_event *service_event(Service *service) {
        assert(service);

        return service->event;
}

sd_bus *service_bus(Service *service) {
        assert(service);

        return service->bus;
}

int service_start(Service *service, const char *bus_name) {
        char match[256];
        int r;

        assert(service);
        assert(bus_name);

        (void) snprintf(match, sizeof(match),
                        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                        bus_name);
        r = sd_bus_add_match(service->bus, &service->name_match, match, on_name_lost, service);
        if (r < 0)
                return log_error_errno(r, "Cannot watch the bus name '%s': %m", bus_name);

        r = sd_bus_request_name(service->bus, bus_name, 0);
        if (r < 0)
                return log_error_errno(r, "Cannot take the bus name '%s': %m", bus_name);

        service->bus_name = strdup(bus_name);
        if (!service->bus_name)
                return log_oom();

        service_touch(service);
        (void) sd_notify(/* unset_environment= */ 0, "READY=1");
        return 0;
}

void service_set_status(Service *service, const char *format, ...) {
        char line[256];
        va_list args;

        assert(service);

        va_start(args, format);
        (void) vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        (void) sd_notifyf(/* unset_environment= */ 0, "STATUS=%s", line);
}
