/* SPDX-License-Identifier: MIT */
/* Entries for the journal: see log.h. Fields are values of their own, so no text can forge another field. */
#include "shared/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "shared/journal-socket.h"
#include "shared/log-budget.h"
#include "shared/utf8.h"

#define LINE_SIZE 2048U
/* The name of a field; its value is as long as a line at most. */
#define NAME_SIZE  32U
#define FIELD_SIZE (NAME_SIZE + LINE_SIZE)
#define FIELDS_MAX 14U

static_assert(FIELDS_MAX <= JOURNAL_FIELDS_MAX, "what is logged is an entry of the journal");

typedef struct EventDescription {
        const char *name;
        const char *message_id;
        int priority;
} EventDescription;

static const EventDescription event_descriptions[] = {
#define X(name, id, priority, text) [EVENT_##name] = { #name, id, priority },
        EVENT_TABLE(X)
#undef X
};

static_assert(ELEMENTSOF(event_descriptions) == _EVENT_MAX, "every event has a description");

/* The log target, and how many entries it did not take. */
static JournalSocket log_journal = JOURNAL_SOCKET_CLOSED;
static uint64_t log_n_lost = 0;
static int log_max_priority = LOG_INFO;

void log_open_stderr(bool debug) {
        journal_socket_close(&log_journal);
        log_max_priority = debug ? LOG_DEBUG : LOG_INFO;
}

void log_open_journal(const char *path, bool debug) {
        log_open_stderr(debug);
        (void) journal_socket_open(&log_journal, path);
}

void log_open(bool debug) {
        int flags;

        if (isempty(getenv("JOURNAL_STREAM"))) {
                log_open_stderr(debug);
                return;
        }

        /* That is journald as well, and what a library writes there waits no more than an entry does. */
        flags = fcntl(STDERR_FILENO, F_GETFL);
        if (flags >= 0)
                (void) fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
        log_open_journal(JOURNAL_SOCKET_PATH, debug);
}

/* A line is one line, and text to its end: control characters, which a peer may have sent, become spaces. */
static void line_clean(char *line) {
        utf8_trim(line);
        for (char *p = line; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        *p = ' ';
}

typedef struct FieldSet {
        struct iovec vectors[FIELDS_MAX];
        char texts[FIELDS_MAX][FIELD_SIZE];
        int n;
} FieldSet;

static struct iovec text_vector(const char *text) {
        return (struct iovec){ .iov_base = (char *) (uintptr_t) text, .iov_len = strlen(text) };
}

/* The texts need no zeros: there are 28 KB of them. */
static void field_set_begin(FieldSet *set) {
        set->n = 0;
}

static void field_add(FieldSet *set, const char *name, const char *value) {
        size_t length;
        char *text;

        assert(strlen(name) < NAME_SIZE);

        if (isempty(value) || set->n >= (int) FIELDS_MAX)
                return;

        text = stpcpy(set->texts[set->n], name);
        *text++ = '=';
        length = strlen(value);
        if (length >= LINE_SIZE)
                length = (size_t) utf8_cut(value, LINE_SIZE - 1);
        memcpy(text, value, length);
        text[length] = '\0';
        line_clean(text);
        set->vectors[set->n] = text_vector(set->texts[set->n]);
        set->n++;
}

static void field_add_number(FieldSet *set, const char *name, uint64_t value) {
        char text[24];

        (void) snprintf(text, sizeof(text), "%" PRIu64, value);
        field_add(set, name, text);
}

/* As sd_journal_send() does: the name by which `journalctl -t` finds a program. */
static void field_add_program(FieldSet *set) {
        field_add(set, "SYSLOG_IDENTIFIER", program_invocation_short_name);
}

bool log_is_behind(void) {
        return log_n_lost > 0;
}

bool log_catch_up(void) {
        FieldSet set;
        char line[128];

        if (log_n_lost == 0)
                return true;

        field_set_begin(&set);
        (void) snprintf(line, sizeof(line),
                        "%" PRIu64 " message%s not logged while the journal did not read", log_n_lost,
                        log_n_lost == 1 ? " was" : "s were");
        field_add(&set, "MESSAGE", line);
        field_add_number(&set, "PRIORITY", LOG_WARNING);
        field_add_program(&set);
        if (journal_socket_send(&log_journal, set.vectors, (size_t) set.n) < 0)
                return false;

        log_n_lost = 0;
        return true;
}

/* What was lost is told first, where it was lost. */
static void log_to_journal(FieldSet *set) {
        field_add_program(set);
        if (!log_catch_up() || journal_socket_send(&log_journal, set->vectors, (size_t) set->n) < 0)
                log_n_lost++;
}

static void line_to_journal(const char *line, int priority) {
        FieldSet set;

        field_set_begin(&set);
        field_add(&set, "MESSAGE", line);
        field_add_number(&set, "PRIORITY", (uint64_t) priority);
        log_to_journal(&set);
}

static void log_line(char *line, int priority) {
        line_clean(line);

        if (log_journal.fd >= 0)
                line_to_journal(line, priority);
        else
                (void) dprintf(STDERR_FILENO, "%s\n", line);
}

int log_full_errno(int priority, int error, const char *format, ...) {
        char line[LINE_SIZE];
        va_list args;

        assert(error <= 0);

        if (priority > log_max_priority)
                return error;

        va_start(args, format);
        errno = -error;
        (void) vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        log_line(line, priority);
        return error;
}

int log_seldom_errno(int priority, int error, const char *format, ...) {
        char line[LINE_SIZE];
        uint64_t n_left_out;
        va_list args;

        assert(error <= 0);

        if (priority > log_max_priority || !log_budget_take(format, now_usec(CLOCK_MONOTONIC), &n_left_out))
                return error;

        va_start(args, format);
        errno = -error;
        (void) vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        if (n_left_out > 0) {
                size_t length = strlen(line);

                (void) snprintf(line + length, sizeof(line) - length,
                                "; %" PRIu64 " more since the last such entry", n_left_out);
        }
        log_line(line, priority);
        return error;
}

/* In one piece, or lines of other processes would come between. */
static void event_to_stderr(const char *name, const char *line, const FieldSet *set) {
        struct iovec vectors[2 * FIELDS_MAX + 4] = { text_vector(line), text_vector(" ["),
                                                     text_vector(name) };
        int n = 3;

        for (int i = 3; i < set->n; i++) {
                vectors[n++] = text_vector(" ");
                vectors[n++] = set->vectors[i];
        }
        vectors[n++] = text_vector("]\n");
        while (writev(STDERR_FILENO, vectors, n) < 0 && errno == EINTR)
                ;
}

static void field_add_all(FieldSet *set, const EventFields *fields) {
        field_add(set, "TINYFORGE_PROJECT", fields->project);
        field_add(set, "TINYFORGE_STAGE", fields->stage);
        field_add(set, "TINYFORGE_IMAGE", fields->image);
        field_add(set, "TINYFORGE_DIGEST", fields->digest);
        field_add(set, "TINYFORGE_DELIVERY", fields->delivery);
        field_add(set, "TINYFORGE_PROVIDER", fields->provider);
        field_add(set, "TINYFORGE_REMOTE", fields->remote);
        field_add(set, "TINYFORGE_HOOK", fields->hook);
        if (fields->deploy > 0)
                field_add_number(set, "TINYFORGE_DEPLOY", fields->deploy);
        if (fields->caller_uid != (uid_t) -1)
                field_add_number(set, "TINYFORGE_CALLER_UID", fields->caller_uid);
}

void log_event(EventId event, const EventFields *fields, const char *format, ...) {
        const EventDescription *description;
        FieldSet set;
        char line[LINE_SIZE];
        va_list args;

        assert((unsigned) event < _EVENT_MAX);

        description = &event_descriptions[event];
        va_start(args, format);
        (void) vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        line_clean(line);

        /* These three stand first: event_to_stderr() leaves them out. */
        field_set_begin(&set);
        field_add(&set, "MESSAGE", line);
        field_add(&set, "MESSAGE_ID", description->message_id);
        field_add_number(&set, "PRIORITY", (uint64_t) description->priority);
        if (fields)
                field_add_all(&set, fields);

        if (log_journal.fd >= 0)
                log_to_journal(&set);
        else
                event_to_stderr(description->name, line, &set);
}

void log_about(int priority, const EventFields *fields, const char *format, ...) {
        FieldSet set;
        char line[LINE_SIZE];
        va_list args;

        assert(fields);

        if (LOG_PRI(priority) > log_max_priority)
                return;

        va_start(args, format);
        (void) vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        line_clean(line);

        field_set_begin(&set);
        field_add(&set, "MESSAGE", line);
        field_add_number(&set, "PRIORITY", (uint64_t) LOG_PRI(priority));
        field_add_all(&set, fields);
        if (log_journal.fd >= 0)
                log_to_journal(&set);
        else
                (void) dprintf(STDERR_FILENO, "%s\n", line);
}
