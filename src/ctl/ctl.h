/* SPDX-License-Identifier: MIT */
/*
 * Ctl: one run of tinyforgectl. Its options, its two outputs, and the connection to the system bus, which is opened when
 * a verb needs it for the first time. Whoever meets a fault prints it, with ctl_fail(), and returns a negative errno;
 * the callers only hand that on, and ctl_exit_code() makes the exit code of it. Everybody may come in. It never calls a
 * daemon, and never reads the command line.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#include "shared/macro.h"

/* Exit codes: 0, and these. */
enum {
        CTL_EXIT_FAILURE = 1,
        CTL_EXIT_USAGE = 2,
        CTL_EXIT_NOT_FOUND = 4, /* no such project, stage, deploy or hook; as systemctl has it for units */
        CTL_EXIT_INTERRUPTED = 130, /* Ctrl-C, as shells count it */
};

/* See agent.h. */
struct Agent;

typedef struct Ctl {
        FILE *out;
        FILE *err;
        FILE *screen;   /* what is behind `out`: how wide it is, and whether it has colours */
        int *out_error; /* an errno: why `out` could not be written; 0: that is not known yet */
        bool json;
        bool legend;       /* headings above tables, hints below */
        bool wait;         /* deploy, rollback: until the outcome is known */
        bool watch;        /* status, deploys: again and again */
        bool follow;       /* deploy, rollback: show the way to the outcome; logs: wait for more */
        bool hold;         /* rollback: auto_deploy goes off with it */
        bool force;        /* deploy: what runs is replaced in any case */
        bool ask_password; /* somebody may be asked for one */
        bool show_secrets; /* project show: values that are from files of variables, too */
        bool local;        /* deploy: no registry is asked */
        bool all;          /* endpoint: every port that is published */
        bool bare;         /* hook create: a call needs no body */
        bool stop;         /* project remove, stage remove: what runs is stopped first */
        bool hurry;        /* status: who runs and does not answer soon is left out */
        unsigned limit;    /* deploys, logs: rows, lines; 0: as many as the verb thinks best */
        const char *since; /* logs: as journalctl takes them; NULL: not given */
        const char *until;
        const char *output;    /* metrics: the file to write; NULL: to `out` */
        uint64_t timeout_usec; /* how long to wait */
        uint64_t grace_usec;   /* hook rotate */
        char **images;         /* hook create: patterns; project set: the one; NULL: none given */
        char **headers;        /* test-payload: "Name: value", or "@FILE"; NULL: none given */
        const char *hook;      /* test-payload; NULL: the main one */
        /* What a project, a stage or a hook is set to; as it was given, NULL where it was not. */
        const char *port, *healthcheck, *after, *signature;
        const char *pattern, *policy, *auto_deploy, *max_instances, *allow_downgrade;
        sd_bus *bus;         /* see client.h */
        struct Agent *agent; /* NULL: was not needed yet */
} Ctl;

/* Prints "tinyforgectl: " and one line to `ctl->err`, control characters made harmless, and returns `error`. */
int ctl_fail(const Ctl *ctl, int error, const char *format, ...) _printf_(3, 4);

/* Writes what was printed so far, so that it stands before what comes by another way. Why it cannot be is noted. */
void ctl_flush(const Ctl *ctl);

/* What to do next, to `ctl->err`, unless hints are not wanted. */
void ctl_hint(const Ctl *ctl, const char *format, ...) _printf_(2, 3);

/* Prints one line to `ctl->out`, control characters made harmless. */
void ctl_print(const Ctl *ctl, const char *format, ...) _printf_(2, 3);

/* The same of sentences: on a terminal its lines end between words. */
void ctl_print_prose(const Ctl *ctl, const char *format, ...) _printf_(2, 3);

/* Prints `value` as one line of JSON, all of it ASCII, and takes the reference; NULL is want of memory. */
int ctl_print_json(const Ctl *ctl, json_t *value);

/* Prints `value` for people, one line for each of its parts, all of it ASCII. */
int ctl_print_json_indented(const Ctl *ctl, const json_t *value);

/* The exit code for what a verb returned: a positive one stays what it is. */
int ctl_exit_code(int r);
