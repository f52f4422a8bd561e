/* SPDX-License-Identifier: MIT */
/* Children and their pipes: see operation.h. */
#include "deployerd/worker/operation.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "deployerd/worker/report.h"
#include "shared/bus/errors.h"
#include "shared/child.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/time-util.h"

typedef enum OperationStop {
        OPERATION_NOT_STOPPED,
        OPERATION_INTERRUPTED, /* by operation_stop() */
        OPERATION_LATE,        /* by the deadline */
        OPERATION_BABBLING,    /* by reports that make no sense */
} OperationStop;

struct Operation {
        OperationHooks hooks;
        void *userdata;
        pid_t pid; /* 0: reaped */
        int pidfd;
        int report_fd;
        sd_event_source *report_source;
        sd_event_source *child_source;
        sd_event_source *timer;
        uint64_t begun_at; /* monotonic */
        char *buffer;      /* REPORT_LINE_MAX bytes, the beginning of a line */
        size_t n_buffer;
        unsigned n_lines;
        json_t *last; /* the result or error, once it came */
        OperationStop stop;
};

static void operation_kill(Operation *operation, int signal) {
        if (operation->pid > 0)
                (void) kill(operation->pid, signal);
}

static void operation_end_child(Operation *operation, OperationStop why) {
        if (operation->stop != OPERATION_NOT_STOPPED)
                return;

        operation->stop = why;
        operation_kill(operation, why == OPERATION_BABBLING ? SIGKILL : SIGTERM);
        (void) sd_event_source_set_time(operation->timer, now_usec(CLOCK_MONOTONIC) + OPERATION_KILL_USEC);
        (void) sd_event_source_set_enabled(operation->timer, SD_EVENT_ONESHOT);
}

void operation_stop(Operation *operation) {
        assert(operation);

        operation_end_child(operation, OPERATION_INTERRUPTED);
}

void operation_call_off(Operation *operation) {
        assert(operation);

        operation_kill(operation, WORKER_CALL_OFF);
        operation_end_child(operation, OPERATION_INTERRUPTED);
}

void operation_set_deadline(Operation *operation, uint64_t deadline_usec) {
        assert(operation);

        if (operation->stop == OPERATION_NOT_STOPPED)
                (void) sd_event_source_set_time(operation->timer, operation->begun_at + deadline_usec);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Operation *operation = userdata;

        (void) source;
        (void) usec;

        if (operation->stop == OPERATION_NOT_STOPPED)
                operation_end_child(operation, OPERATION_LATE);
        else
                operation_kill(operation, SIGKILL);

        return 0;
}

static int operation_take_line(Operation *operation, const char *line, size_t length) {
        _cleanup_(json_freep) json_t *report = NULL;
        const char *kind;
        JsonError error;
        int r;

        if (++operation->n_lines > REPORT_LINES_MAX)
                return -E2BIG;

        r = json_decode(line, length, &report, &error);
        if (r < 0)
                return r;

        kind = json_get_string(report, REPORT_KEY);
        if (!kind || operation->last)
                return -EBADMSG;

        if (streq(kind, REPORT_RESULT) || streq(kind, REPORT_ERROR))
                operation->last = TAKE_PTR(report);
        else
                operation->hooks.on_report(kind, report, operation->userdata);

        return 0;
}

static int operation_take_lines(Operation *operation) {
        char *line = operation->buffer, *newline;
        size_t left = operation->n_buffer;

        while ((newline = memchr(line, '\n', left))) {
                size_t length = (size_t) (newline - line);
                int r = operation_take_line(operation, line, length);

                if (r < 0)
                        return r;
                line = newline + 1;
                left -= length + 1;
        }

        memmove(operation->buffer, line, left);
        operation->n_buffer = left;
        return left < REPORT_LINE_MAX ? 0 : -E2BIG;
}

/* Reads once: 1 there may be more, 0 nothing now or ever. */
static int operation_read(Operation *operation) {
        ssize_t n;
        int r;

        n = read(operation->report_fd, operation->buffer + operation->n_buffer,
                 REPORT_LINE_MAX - operation->n_buffer);
        if (n < 0)
                return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -errno;
        if (n == 0) {
                (void) sd_event_source_set_enabled(operation->report_source, SD_EVENT_OFF);
                return 0;
        }

        operation->n_buffer += (size_t) n;
        r = operation_take_lines(operation);
        return r < 0 ? r : 1;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Operation *operation = userdata;
        int r;

        (void) fd;
        (void) events;

        r = operation_read(operation);
        if (r < 0) {
                (void) log_error_errno(r, "A child process reported what makes no sense: %m");
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
                operation_end_child(operation, OPERATION_BABBLING);
        }

        return 0;
}

/* The pipe has at most its capacity left, since its only writer is gone. */
static void operation_drain(Operation *operation) {
        int r = operation->stop == OPERATION_BABBLING ? 0 : 1;

        for (unsigned i = 0; i < REPORT_LINES_MAX && r > 0; i++)
                r = operation_read(operation);
        if (r < 0)
                operation->stop = OPERATION_BABBLING;
}

/* Of a child that ended without a report. */
static OperationEnd operation_describe_death(const Operation *operation) {
        switch (operation->stop) {
        case OPERATION_LATE:
                return (OperationEnd){ .error_name = ERROR_DEADLINE_EXCEEDED,
                                       .error_text = "it took longer than its deadline" };
        case OPERATION_INTERRUPTED:
                return (OperationEnd){ .error_name = ERROR_INTERRUPTED,
                                       .error_text = "the deployer is being stopped" };
        case OPERATION_NOT_STOPPED:
        case OPERATION_BABBLING:
        default:
                return (OperationEnd){ .error_name = ERROR_ENGINE_FAILED,
                                       .error_text = "the deployer's child process died" };
        }
}

static OperationEnd operation_describe(const Operation *operation, char *text, size_t size) {
        const char *name = json_get_string(operation->last, "name");

        if (operation->stop == OPERATION_BABBLING)
                return (OperationEnd){ .error_name = ERROR_ENGINE_FAILED,
                                       .error_text = "the deployer's child process misbehaved" };
        if (!operation->last)
                return operation_describe_death(operation);
        if (!name)
                return (OperationEnd){ .result = json_object_get(operation->last, "result"),
                                       .reported = true };
        if (operation->stop == OPERATION_LATE && streq(name, ERROR_INTERRUPTED))
                return (OperationEnd){ .error_name = ERROR_DEADLINE_EXCEEDED,
                                       .error_text = "it took longer than its deadline",
                                       .reported = true };

        (void) snprintf(text, size, "%s", strempty(json_get_string(operation->last, "text")));
        return (OperationEnd){ .error_name = name, .error_text = text, .reported = true };
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Operation *operation = userdata;
        char text[REPORT_LINE_MAX / 8];
        OperationEnd end;

        (void) source;

        operation->pid = 0;
        if (info->si_code != CLD_EXITED && operation->stop == OPERATION_NOT_STOPPED)
                log_error("A child process was ended by signal %i.", info->si_status);

        (void) sd_event_source_set_enabled(operation->timer, SD_EVENT_OFF);
        operation_drain(operation);
        end = operation_describe(operation, text, sizeof(text));
        operation->hooks.on_end(&end, operation->userdata);
        return 0;
}

/* Everything of the parent's is still there, and none of it may be touched: this process ends by child_exit(). */
static _Noreturn void child_main(const OperationHooks *hooks, void *userdata, int report_fd, pid_t parent) {
        Worker *worker = NULL;
        int r;

        r = worker_new(report_fd, parent, &worker);
        if (r < 0)
                child_exit(EXIT_FAILURE);

        r = hooks->run(worker, userdata);
        if (r < 0)
                worker_send_error(worker, r);
        child_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int operation_fork(Operation *operation) {
        _cleanup_close_ int read_fd = -1, write_fd = -1;
        pid_t parent = getpid();
        sigset_t blocked, before;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];

        /* Only this end: the child's writes are to block when the parent is slow. */
        if (fcntl(read_fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        /* Until it has its own mask: a signal that came sooner would end it. */
        sigemptyset(&blocked);
        sigaddset(&blocked, WORKER_CALL_OFF);
        (void) sigprocmask(SIG_BLOCK, &blocked, &before);
        operation->pid = fork();
        r = operation->pid < 0 ? -errno : 0;
        if (operation->pid != 0)
                (void) sigprocmask(SIG_SETMASK, &before, NULL);
        if (r < 0) {
                operation->pid = 0;
                return r;
        }
        if (operation->pid == 0)
                child_main(&operation->hooks, operation->userdata, write_fd, parent);

        operation->report_fd = TAKE_FD(read_fd);
        operation->pidfd = pidfd_open(operation->pid, 0);
        return operation->pidfd < 0 ? -errno : 0;
}

static int operation_add_sources(Operation *operation, sd_event *event, uint64_t deadline_usec) {
        uint64_t end = operation->begun_at + deadline_usec;
        int r;

        r = sd_event_add_io(event, &operation->report_source, operation->report_fd, EPOLLIN, on_readable,
                            operation);
        if (r >= 0)
                r = sd_event_add_child_pidfd(event, &operation->child_source, operation->pidfd, WEXITED,
                                             on_child, operation);
        if (r >= 0)
                r = sd_event_add_time(event, &operation->timer, CLOCK_MONOTONIC, end, USEC_PER_MSEC,
                                      on_timer, operation);
        return r;
}

int operation_new(sd_event *event, const OperationHooks *hooks, void *userdata, uint64_t deadline_usec,
                  Operation **ret) {
        _cleanup_(operation_freep) Operation *operation = NULL;
        int r;

        assert(event);
        assert(hooks && hooks->run && hooks->on_report && hooks->on_end);
        assert(ret);

        operation = calloc(1, sizeof(*operation));
        if (!operation)
                return -ENOMEM;

        operation->begun_at = now_usec(CLOCK_MONOTONIC);
        operation->hooks = *hooks;
        operation->userdata = userdata;
        operation->pidfd = -1;
        operation->report_fd = -1;
        operation->buffer = malloc(REPORT_LINE_MAX);
        if (!operation->buffer)
                return -ENOMEM;

        r = operation_fork(operation);
        if (r < 0)
                return r;

        r = operation_add_sources(operation, event, deadline_usec);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(operation);
        return 0;
}

Operation *operation_free(Operation *operation) {
        if (!operation)
                return NULL;

        sd_event_source_disable_unref(operation->report_source);
        sd_event_source_disable_unref(operation->child_source);
        sd_event_source_disable_unref(operation->timer);
        if (operation->pid > 0) {
                operation_kill(operation, SIGKILL);
                (void) waitpid(operation->pid, NULL, 0);
        }
        closep(&operation->report_fd);
        closep(&operation->pidfd);
        free(operation->buffer);
        json_decref(operation->last);
        free(operation);
        return NULL;
}
