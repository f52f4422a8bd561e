/* SPDX-License-Identifier: MIT */
/* Ctl: what a verb of tinyforgectl has: its options and, when it asks for it, a connection to the system bus. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/json.h"
#include "shared/macro.h"

/* Exit codes, as systemctl has them. */
#define EXIT_USAGE   2
#define EXIT_NO_SUCH 4

typedef struct Ctl {
        sd_bus *bus; /* NULL until ctl_connect() */
        bool json;
        bool legend;
        bool wait;
        unsigned limit;
} Ctl;

/* Opens the system bus. 0, or an exit code after a message. */
int ctl_connect(Ctl *ctl);
void ctl_done(Ctl *ctl);

/*
 * Calls a method of webhookd's or deployerd's manager, which the bus starts if need be. Returns 0, or an exit code after a
 * message that says what to do next.
 */
int ctl_call_webhook(Ctl *ctl, sd_bus_message **ret_reply, const char *method, const char *types, ...);
int ctl_call_deployer(Ctl *ctl, sd_bus_message **ret_reply, const char *method, const char *types, ...);

/* A string property, freshly allocated; "" where it cannot be had. */
char *ctl_get_string(Ctl *ctl, const char *name, const char *path, const char *interface,
                     const char *property);
/* A t property; 0 where it cannot be had. */
uint64_t ctl_get_number(Ctl *ctl, const char *name, const char *path, const char *interface,
                        const char *property);

/* Prints a message with a hint for a D-Bus error, and returns the exit code for it. */
int ctl_print_error(const sd_bus_error *error, int r);

/* For a reply that could not be read, or memory that is short: a message, and EXIT_FAILURE. */
int ctl_fail(int r, const char *what);

/* Prints `j` on one line to stdout, takes it, and returns an exit code; NULL counts as "out of memory". */
int ctl_print_json(json_t *j);

/* Whole µs since the epoch as local time, "Tue 2026-11-24 01:53:49"; "-" for 0. In a static buffer. */
const char *ctl_time(uint64_t usec);
