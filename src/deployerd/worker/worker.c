/* SPDX-License-Identifier: MIT */
/* The life of a child and its pipe: see worker.h. */
#include "deployerd/worker/worker.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "deployerd/text.h"
#include "deployerd/worker/report.h"
#include "shared/bus/errors.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/utf8.h"

struct Worker {
        int report_fd;
        int cancel_fd;
        char error[REASON_MAX];
};

static int reset_signals(sigset_t *ret_cancel) {
        const struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t mask;

        for (int signal = 1; signal < _NSIG; signal++)
                if (signal != SIGKILL && signal != SIGSTOP)
                        (void) sigaction(signal, &action, NULL);

        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        /* A terminal sends SIGINT to the parent as well, which then sends SIGTERM. */
        sigaddset(&mask, SIGINT);
        sigaddset(&mask, WORKER_CALL_OFF);
        if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0)
                return -errno;

        sigdelset(&mask, SIGINT);
        sigdelset(&mask, WORKER_CALL_OFF);
        *ret_cancel = mask;
        return 0;
}

/* The pipe becomes the descriptor after stdio, and everything above it goes. */
static int keep_only(int report_fd) {
        int fd = STDERR_FILENO + 1;

        if (report_fd != fd && dup3(report_fd, fd, O_CLOEXEC) < 0)
                return -errno;
        if (close_range((unsigned) fd + 1, ~0U, 0) < 0)
                return -errno;

        return fd;
}

int worker_new(int report_fd, pid_t parent, Worker **ret) {
        _cleanup_(worker_freep) Worker *worker = NULL;
        sigset_t cancel;
        int r;

        assert(report_fd >= 0);
        assert(ret);

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        /* It may have died before the line above. */
        if (getppid() != parent)
                return -ESRCH;

        worker = calloc(1, sizeof(*worker));
        if (!worker)
                return -ENOMEM;
        worker->report_fd = -1;
        worker->cancel_fd = -1;

        r = reset_signals(&cancel);
        if (r < 0)
                return r;

        worker->report_fd = keep_only(report_fd);
        if (worker->report_fd < 0)
                return worker->report_fd;

        worker->cancel_fd = signalfd(-1, &cancel, SFD_CLOEXEC | SFD_NONBLOCK);
        if (worker->cancel_fd < 0)
                return -errno;

        *ret = TAKE_PTR(worker);
        return 0;
}

Worker *worker_free(Worker *worker) {
        if (!worker)
                return NULL;

        closep(&worker->report_fd);
        closep(&worker->cancel_fd);
        free(worker);
        return NULL;
}

int worker_cancel_fd(const Worker *worker) {
        assert(worker);

        return worker->cancel_fd;
}

bool worker_is_cancelled(const Worker *worker) {
        struct pollfd item = { .fd = worker->cancel_fd, .events = POLLIN };

        return poll(&item, 1, 0) > 0;
}

bool worker_is_called_off(const Worker *worker) {
        sigset_t pending;

        assert(worker);

        return sigpending(&pending) >= 0 && sigismember(&pending, WORKER_CALL_OFF) > 0;
}

int worker_fail(Worker *worker, int error, const char *format, ...) {
        char text[REASON_MAX];
        va_list args;

        assert(worker);
        assert(error < 0);

        /* The arguments may contain the sentence that is replaced. */
        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        utf8_trim(text);
        text_clean(text);
        memcpy(worker->error, text, sizeof(text));
        return error;
}

const char *worker_error(const Worker *worker) {
        assert(worker);

        return worker->error;
}

static int write_all(int fd, const char *bytes, size_t length) {
        while (length > 0) {
                ssize_t n = write(fd, bytes, length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;

                bytes += n;
                length -= (size_t) n;
        }

        return 0;
}

int worker_report(Worker *worker, json_t *report) {
        _cleanup_(json_freep) json_t *owned = report;
        _cleanup_free_ char *line = NULL;
        size_t length;
        int r;

        assert(worker);

        if (!owned)
                return -ENOMEM;

        r = json_encode(owned, &line);
        if (r < 0)
                return r;

        /* JSON text has no newline of its own; the NUL's place takes the one that ends the line. */
        length = strlen(line);
        if (length + 1 > REPORT_LINE_MAX)
                return -E2BIG;

        line[length] = '\n';
        return write_all(worker->report_fd, line, length + 1);
}

void worker_progress(Worker *worker, const char *phase, const char *detail) {
        (void) worker_report(worker, json_pack("{s:s, s:s, s:s}", REPORT_KEY, REPORT_PROGRESS, "phase",
                                               phase, "detail", detail));
}

void worker_log(Worker *worker, int priority, const char *format, ...) {
        char text[1024];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        utf8_trim(text);
        text_clean(text);
        (void) worker_report(worker, json_pack("{s:s, s:i, s:s}", REPORT_KEY, REPORT_LOG, "priority",
                                               priority, "text", text));
}

int worker_succeed(Worker *worker, json_t *result) {
        return worker_report(worker, json_pack("{s:s, s:o}", REPORT_KEY, REPORT_RESULT, "result", result));
}

void worker_send_error(Worker *worker, int error) {
        assert(worker);
        assert(error < 0);

        if (isempty(worker->error))
                (void) worker_fail(worker, error, "%s", strerror(-error));

        (void) worker_report(worker, json_pack("{s:s, s:s, s:s}", REPORT_KEY, REPORT_ERROR, "name",
                                               error_name_from_errno(error), "text", worker->error));
}
