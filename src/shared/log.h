/* SPDX-License-Identifier: MIT */
/*
 * The journal, and the only file that writes to it. Lines for people (`log_error_errno` and its kin) and
 * the audit: one structured entry an event, with the MESSAGE_ID of events.h. Under systemd everything goes to
 * the journal (JOURNAL_STREAM= tells); elsewhere to stderr, fields in brackets.
 * Never hand a secret or a raw body to any of these.
 *
 * Nothing here waits for the journal. While it does not read, entries are lost and counted, and the count is an entry of its own
 * as soon as it reads again: before the next entry, or when log_catch_up() is called.
 */
#pragma once

#include <stdarg.h>
#include <syslog.h>

#include "shared/events.h"
#include "shared/macro.h"

/* What an audit entry is about. Absent fields are NULL, 0, or for the uid (uid_t) -1. Borrowed strings. */
typedef struct EventFields {
        const char *project;
        const char *stage;
        const char *image;
        const char *digest;
        uint64_t deploy;
        const char *delivery;
        const char *provider;
        const char *remote;
        const char *hook;
        uid_t caller_uid;
} EventFields;

/* An EventFields with nothing set: `EventFields f = EVENT_FIELDS_NONE;`. */
#define EVENT_FIELDS_NONE ((EventFields){ .caller_uid = (uid_t) -1 })

/* Chooses journal or stderr; to be called once, first thing in main(). `debug` lets LOG_DEBUG through. */
void log_open(bool debug);

/* The journal that reads the socket at `path`, or stderr where there can be no socket. */
void log_open_journal(const char *path, bool debug);

/* Everything goes to stderr, whatever the environment says: for programs that a person runs. */
void log_open_stderr(bool debug);

/*
 * Logs one line; `error` is a negative errno for %m, or 0. Returns `error`, so that a caller writes
 * `return log_error_errno(r, "Cannot open '%s': %m", path);`. Lines are cut at 2 KiB.
 */
int log_full_errno(int priority, int error, const char *format, ...) _printf_(3, 4);

#define log_error_errno(error, ...)   log_full_errno(LOG_ERR, (error), __VA_ARGS__)
#define log_warning_errno(error, ...) log_full_errno(LOG_WARNING, (error), __VA_ARGS__)
#define log_info_errno(error, ...)    log_full_errno(LOG_INFO, (error), __VA_ARGS__)
#define log_debug_errno(error, ...)   log_full_errno(LOG_DEBUG, (error), __VA_ARGS__)
#define log_error(...)                ((void) log_full_errno(LOG_ERR, 0, __VA_ARGS__))
#define log_warning(...)              ((void) log_full_errno(LOG_WARNING, 0, __VA_ARGS__))
#define log_notice(...)               ((void) log_full_errno(LOG_NOTICE, 0, __VA_ARGS__))
#define log_info(...)                 ((void) log_full_errno(LOG_INFO, 0, __VA_ARGS__))
#define log_debug(...)                ((void) log_full_errno(LOG_DEBUG, 0, __VA_ARGS__))
#define log_oom()                     log_error_errno(-ENOMEM, "Out of memory")

/*
 * The same for what a condition that lasts, or a peer, can bring about any number of times: the first is logged, then one a minute
 * with how many there were (log-budget.h).
 */
int log_seldom_errno(int priority, int error, const char *format, ...) _printf_(3, 4);

/* Writes the audit entry of `event`; `fields` may be NULL. Never fails for the caller. */
void log_event(EventId event, const EventFields *fields, const char *format, ...) _printf_(3, 4);

/* A line as of log_full_errno(), with the fields that say what it is about, so that it is found by them. */
void log_about(int priority, const EventFields *fields, const char *format, ...) _printf_(3, 4);

/* Whether entries were lost, and nobody was told yet. */
bool log_is_behind(void);
/* Tells how many, if there are any. False where the journal still does not read. */
bool log_catch_up(void);
