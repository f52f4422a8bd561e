/* SPDX-License-Identifier: MIT */
/* What a child does to itself before it does anything else, seen from within. */
#include "deployerd/worker/worker.h"

#include <poll.h>
#include <signal.h>

#include "child-fixture.h"

static int be_an_orphan(int report_fd, pid_t parent, const void *userdata) {
        Worker *worker = NULL;

        (void) userdata;

        return worker_new(report_fd, parent + 1, &worker) == -ESRCH && !worker ? 0 : 1;
}

static void worker_of_a_parent_that_is_gone_is_none(void **state) {
        char text[256];

        (void) state;
        run_child(be_an_orphan, NULL, text, sizeof(text));
        assert_string_equal(text, "");
}

static int count_descriptors(int report_fd, pid_t parent, const void *userdata) {
        _cleanup_(worker_freep) Worker *worker = NULL;
        int spare = open("/dev/null", O_RDONLY | O_CLOEXEC), high = dup2(spare, 200);

        (void) userdata;

        if (spare < 0 || high < 0 || worker_new(report_fd, parent, &worker) < 0)
                return 1;

        /* The pipe, what tells of the end, and nothing else. */
        for (int fd = STDERR_FILENO + 1; fd <= high; fd++)
                if (fcntl(fd, F_GETFD) >= 0 && fd != STDERR_FILENO + 1 && fd != worker_cancel_fd(worker))
                        return 2;

        return worker_succeed(worker, json_pack("{s:s}", "text", "heard")) < 0 ? 3 : 0;
}

static void worker_keeps_its_pipe_and_nothing_else_of_its_parent(void **state) {
        char text[256];

        (void) state;
        run_child(count_descriptors, NULL, text, sizeof(text));
        assert_non_null(strstr(text, "\"heard\""));
        assert_int_equal(text[strlen(text) - 1], '\n');
}

static void ignore(int number) {
        (void) number;
}

static int be_asked_to_end(int report_fd, pid_t parent, const void *userdata) {
        _cleanup_(worker_freep) Worker *worker = NULL;
        struct pollfd item;

        (void) userdata;

        /* What the parent did with signals is the parent's. */
        if (signal(SIGUSR1, ignore) == SIG_ERR || worker_new(report_fd, parent, &worker) < 0)
                return 1;
        if (signal(SIGUSR1, SIG_DFL) != SIG_DFL || worker_is_cancelled(worker))
                return 2;

        /* The terminal's signal is for the parent, which asks its children itself. */
        if (raise(SIGINT) != 0 || worker_is_cancelled(worker))
                return 3;
        /* Neither that nor the other one ends it. */
        if (worker_is_called_off(worker) || raise(WORKER_CALL_OFF) != 0 || !worker_is_called_off(worker) ||
            worker_is_cancelled(worker))
                return 6;
        if (raise(SIGTERM) != 0 || !worker_is_cancelled(worker))
                return 4;

        item = (struct pollfd){ .fd = worker_cancel_fd(worker), .events = POLLIN };
        return poll(&item, 1, 0) == 1 ? 0 : 5;
}

static void worker_learns_by_sigterm_alone_that_it_is_to_end(void **state) {
        char text[256];

        (void) state;
        run_child(be_asked_to_end, NULL, text, sizeof(text));
}

static int explain(int report_fd, pid_t parent, const void *userdata) {
        _cleanup_(worker_freep) Worker *worker = NULL;

        (void) userdata;

        if (worker_new(report_fd, parent, &worker) < 0 || worker_error(worker)[0] != '\0')
                return 1;

        /* A sentence may be made of the one before it. */
        (void) worker_fail(worker, -EIO, "the disk is full");
        if (worker_fail(worker, -ENOPKG, "Cannot pull: %s", worker_error(worker)) != -ENOPKG)
                return 2;
        if (worker_report(worker, NULL) != -ENOMEM)
                return 3;

        worker_send_error(worker, -ENOPKG);
        return 0;
}

static void worker_explains_an_error_by_the_one_before_it(void **state) {
        char text[512];

        (void) state;
        run_child(explain, NULL, text, sizeof(text));
        assert_non_null(strstr(text, "\"Cannot pull: the disk is full\""));
        assert_non_null(strstr(text, "\"org.tinyforge.PullFailed\""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(worker_of_a_parent_that_is_gone_is_none),
                cmocka_unit_test(worker_keeps_its_pipe_and_nothing_else_of_its_parent),
                cmocka_unit_test(worker_learns_by_sigterm_alone_that_it_is_to_end),
                cmocka_unit_test(worker_explains_an_error_by_the_one_before_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
