/* SPDX-License-Identifier: MIT */
/* Real children: what they do to their parent, and what it does to them. */
#include "deployerd/worker/operation.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "deployerd/worker/report.h"
#include "shared/bus/errors.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "unit.h"

#define PATIENCE_USEC (30 * USEC_PER_SEC)

typedef struct Outcome {
        sd_event *event;
        int (*run)(Worker *worker);
        Operation *operation;
        unsigned n_reports;
        bool ended, reported;
        char error_name[64];
        char text[REASON_MAX];
} Outcome;

static int run(Worker *worker, void *userdata) {
        const Outcome *outcome = userdata;

        return outcome->run(worker);
}

static void on_report(const char *kind, const json_t *report, void *userdata) {
        Outcome *outcome = userdata;

        (void) kind;

        outcome->n_reports++;
        if (streq(strempty(json_get_string(report, "text")), "stop me"))
                operation_stop(outcome->operation);
}

static void on_end(const OperationEnd *end, void *userdata) {
        Outcome *outcome = userdata;

        assert_false(outcome->ended);
        outcome->ended = true;
        outcome->reported = end->reported;
        (void) snprintf(outcome->error_name, sizeof(outcome->error_name), "%s", strempty(end->error_name));
        (void) snprintf(outcome->text, sizeof(outcome->text), "%s",
                        end->error_name ? end->error_text : strempty(json_get_string(end->result, "text")));
        outcome->operation = operation_free(outcome->operation);
        (void) sd_event_exit(outcome->event, 0);
}

/* Runs `child` in a child and waits for its end. */
static Outcome outcome_of(int (*child)(Worker *worker), uint64_t deadline_usec) {
        static const OperationHooks hooks = { run, on_report, on_end };
        Outcome outcome = { .run = child };
        sigset_t mask;

        sigemptyset(&mask);
        sigaddset(&mask, SIGCHLD);
        assert_int_equal(sigprocmask(SIG_BLOCK, &mask, NULL), 0);
        assert_true(sd_event_new(&outcome.event) >= 0);
        assert_int_equal(operation_new(outcome.event, &hooks, &outcome, deadline_usec, &outcome.operation),
                         0);
        assert_true(sd_event_loop(outcome.event) >= 0);
        assert_true(outcome.ended);
        sd_event_unref(outcome.event);
        return outcome;
}

static int succeed(Worker *worker) {
        for (unsigned i = 0; i < 1000; i++)
                worker_log(worker, LOG_INFO, "line %u", i);
        return worker_succeed(worker, json_pack("{s:s}", "text", "done"));
}

static void child_that_succeeds_has_every_report_read(void **state) {
        Outcome outcome = outcome_of(succeed, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, "");
        assert_string_equal(outcome.text, "done");
        assert_int_equal(outcome.n_reports, 1000);
}

static int fail_aloud(Worker *worker) {
        return worker_fail(worker, -ENOPKG, "no such %s\n\xff", "thing");
}

static void child_that_fails_tells_name_and_sentence(void **state) {
        Outcome outcome = outcome_of(fail_aloud, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_PULL_FAILED);
        assert_string_equal(outcome.text, "no such thing ?");
}

static int fail_silently(Worker *worker) {
        (void) worker;

        return -ENOMEM;
}

static void child_that_fails_without_a_word_gets_one(void **state) {
        Outcome outcome = outcome_of(fail_silently, PATIENCE_USEC);

        (void) state;

        assert_string_not_equal(outcome.error_name, "");
        assert_string_equal(outcome.text, strerror(ENOMEM));
}

static int die(Worker *worker) {
        (void) worker;

        (void) raise(SIGKILL);
        return 0;
}

static int leave(Worker *worker) {
        (void) worker;

        _exit(0);
}

static void child_that_dies_is_an_error(void **state) {
        Outcome outcome = outcome_of(die, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_ENGINE_FAILED);
        outcome = outcome_of(leave, PATIENCE_USEC);
        assert_string_equal(outcome.error_name, ERROR_ENGINE_FAILED);
}

/* Until the end is asked for. */
static int wait_for_cancel(Worker *worker) {
        struct pollfd item = { .fd = worker_cancel_fd(worker), .events = POLLIN };

        return poll(&item, 1, -1) == 1 ? 0 : -EIO;
}

static int obey(Worker *worker) {
        return wait_for_cancel(worker) < 0 ? -EIO : worker_fail(worker, -EINTR, "as you wish");
}

static void child_that_is_late_is_asked_to_end(void **state) {
        Outcome outcome = outcome_of(obey, 50 * USEC_PER_MSEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_DEADLINE_EXCEEDED);
}

static int obey_when_stopped(Worker *worker) {
        worker_log(worker, LOG_INFO, "stop me");
        return obey(worker);
}

static void child_that_is_stopped_is_interrupted(void **state) {
        Outcome outcome = outcome_of(obey_when_stopped, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_INTERRUPTED);
        assert_true(outcome.reported);
}

static int die_when_stopped(Worker *worker) {
        worker_log(worker, LOG_INFO, "stop me");
        (void) wait_for_cancel(worker);
        return die(worker);
}

static void child_that_dies_when_stopped_has_not_said_so(void **state) {
        Outcome outcome = outcome_of(die_when_stopped, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_INTERRUPTED);
        assert_false(outcome.reported);
}

static int finish_when_stopped(Worker *worker) {
        worker_log(worker, LOG_INFO, "stop me");
        return wait_for_cancel(worker) < 0
                               ? -EIO
                               : worker_succeed(worker, json_pack("{s:s}", "text", "just in time"));
}

static void child_that_succeeds_in_spite_of_being_stopped_has_succeeded(void **state) {
        Outcome outcome = outcome_of(finish_when_stopped, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, "");
        assert_string_equal(outcome.text, "just in time");
}

static int fail_when_stopped(Worker *worker) {
        worker_log(worker, LOG_INFO, "stop me");
        return wait_for_cancel(worker) < 0 ? -EIO : worker_fail(worker, -ENOPKG, "nothing there");
}

static void child_keeps_its_own_error_when_stopped(void **state) {
        Outcome outcome = outcome_of(fail_when_stopped, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_PULL_FAILED);
}

/* The descriptor of the pipe: the only one above stdio that can be written to. */
static void write_raw(const char *bytes, size_t n) {
        while (n > 0) {
                ssize_t written = write(STDERR_FILENO + 1, bytes, n);

                if (written <= 0)
                        _exit(1);
                bytes += written;
                n -= (size_t) written;
        }
}

static int babble(Worker *worker) {
        write_raw("this is no JSON\n", 16);
        return wait_for_cancel(worker);
}

static int babble_at_the_end(Worker *worker) {
        (void) worker;

        write_raw("this is no JSON\n", 16);
        return 0;
}

static int report_without_end(Worker *worker) {
        char block[4096];

        (void) worker;

        memset(block, 'x', sizeof(block));
        for (unsigned i = 0; i < 2 * REPORT_LINE_MAX / sizeof(block); i++)
                write_raw(block, sizeof(block));
        return 0;
}

static int report_twice(Worker *worker) {
        (void) worker_succeed(worker, json_object());
        return worker_succeed(worker, json_object());
}

static int report_too_often(Worker *worker) {
        for (unsigned i = 0; i <= REPORT_LINES_MAX; i++)
                write_raw("{\"report\":\"x\"}\n", 15);
        return worker_succeed(worker, json_object());
}

static void child_that_babbles_is_killed(void **state) {
        static int (*const children[])(Worker *) = { babble, babble_at_the_end, report_without_end,
                                                     report_twice, report_too_often };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(children); i++) {
                Outcome outcome = outcome_of(children[i], PATIENCE_USEC);

                assert_string_equal(outcome.error_name, ERROR_ENGINE_FAILED);
        }
}

static int report_too_much(Worker *worker) {
        _cleanup_free_ char *text = malloc(REPORT_LINE_MAX + 1);
        int r;

        if (!text)
                return -ENOMEM;

        memset(text, 'x', REPORT_LINE_MAX);
        text[REPORT_LINE_MAX] = '\0';
        r = worker_succeed(worker, json_pack("{s:s}", "text", text));
        return r == -E2BIG ? worker_succeed(worker, json_pack("{s:s}", "text", "refused")) : -EIO;
}

static void child_cannot_send_what_is_too_long(void **state) {
        Outcome outcome = outcome_of(report_too_much, PATIENCE_USEC);

        (void) state;

        assert_string_equal(outcome.text, "refused");
}

static void operation_that_is_freed_leaves_no_child(void **state) {
        static const OperationHooks hooks = { run, on_report, on_end };
        Outcome outcome = { .run = obey };

        (void) state;

        assert_true(sd_event_new(&outcome.event) >= 0);
        assert_int_equal(operation_new(outcome.event, &hooks, &outcome, PATIENCE_USEC, &outcome.operation),
                         0);
        (void) operation_free(outcome.operation);
        sd_event_unref(outcome.event);
        assert_false(outcome.ended);
        errno = 0;
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static int die_when_asked(Worker *worker) {
        (void) wait_for_cancel(worker);
        return die(worker);
}

static void child_that_dies_over_its_deadline_was_late(void **state) {
        Outcome outcome = outcome_of(die_when_asked, 50 * USEC_PER_MSEC);

        (void) state;

        assert_string_equal(outcome.error_name, ERROR_DEADLINE_EXCEEDED);
        assert_false(outcome.reported);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(child_that_succeeds_has_every_report_read),
                cmocka_unit_test(child_that_fails_tells_name_and_sentence),
                cmocka_unit_test(child_that_fails_without_a_word_gets_one),
                cmocka_unit_test(child_that_dies_is_an_error),
                cmocka_unit_test(child_that_is_late_is_asked_to_end),
                cmocka_unit_test(child_that_is_stopped_is_interrupted),
                cmocka_unit_test(child_that_dies_when_stopped_has_not_said_so),
                cmocka_unit_test(child_that_succeeds_in_spite_of_being_stopped_has_succeeded),
                cmocka_unit_test(child_keeps_its_own_error_when_stopped),
                cmocka_unit_test(child_that_babbles_is_killed),
                cmocka_unit_test(child_cannot_send_what_is_too_long),
                cmocka_unit_test(operation_that_is_freed_leaves_no_child),
                cmocka_unit_test(child_that_dies_over_its_deadline_was_late),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
