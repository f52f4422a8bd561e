/* SPDX-License-Identifier: MIT */
/*
 * Service: the life of a bus-activated daemon that ends when nothing happens. It owns the event loop's idle timer, the
 * signals, the watchdog, the connection to the system bus and the bus name, and ends without losing a call:
 *
 *     idle or SIGTERM → stop accepting → STOPPING=1 → give the bus name back, still answering →
 *     the loss arrives → nothing left that was accepted → exit
 *
 * It does not end for idleness while the log is behind, and tries each second to tell the journal what it missed.
 *
 * Calls and connections that come later stay with the bus daemon and in the sockets' backlog, and start the next process.
 *
 * The room shared/bus/ holds what both daemons are on the bus: their life, how their methods begin (call.h), and who may call
 * them (authority.h). Both daemons include its headers; tinyforgectl includes errors.h alone. Nothing here knows a method of
 * either.
 */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "shared/macro.h"

typedef struct Service Service;

typedef struct ServiceHooks {
        /* Whether nothing is going on that keeps the daemon: asked when the idle time is over. */
        bool (*is_idle)(void *userdata);
        /* Stop taking new work, other than calls on the bus. Called once; `by_signal` tells SIGTERM from idleness. */
        void (*stop)(bool by_signal, void *userdata);
        /* Whether everything that was accepted is answered: asked after stop(), at every turn, until true. */
        bool (*is_drained)(void *userdata);
} ServiceHooks;

/* Opens the system bus (DBUS_SYSTEM_BUS_ADDRESS is honoured) and attaches it to a new event loop. `hooks` is copied. */
int service_new(const ServiceHooks *hooks, void *userdata, uint64_t idle_usec, Service **ret);
Service *service_free(Service *service);
DEFINE_CLEANUP(Service, service_free)

/* Both borrowed. */
sd_event *service_event(Service *service);
sd_bus *service_bus(Service *service);

/* To be called when everything is in place: takes the bus name and tells systemd READY=1. -EEXIST: another one has it. */
int service_start(Service *service, const char *bus_name);

/* Something happened: the idle time begins again. */
void service_touch(Service *service);

/* Begins to end, as if the idle time were over (by_signal false) or SIGTERM had come (true). Idempotent. */
void service_stop(Service *service, bool by_signal);

bool service_is_stopping(const Service *service);

/* For loops around sd_event: exits the event loop once everything is drained. Done after each event anyway. */
void service_check(Service *service);

/* A line for `systemctl status`. */
void service_set_status(Service *service, const char *format, ...) _printf_(2, 3);
