/* SPDX-License-Identifier: MIT */
/* A child as an operation makes one, for tests that have no operation: a fork, and the pipe on which it reports. */
#pragma once

#include <fcntl.h>
#include <sys/wait.h>

#include "shared/child.h"
#include "unit.h"

/*
 * Runs `child` with the pipe's end, which is its to use, and the pid of its parent, and expects that it returns 0. `text` is what
 * it wrote.
 */
static inline void run_child(int (*child)(int report_fd, pid_t parent, const void *userdata),
                             const void *userdata, char *text, size_t size) {
        pid_t parent = getpid(), pid;
        size_t length = 0;
        int fds[2], status;
        ssize_t n;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                child_exit(child(fds[1], parent, userdata));

        (void) close(fds[1]);
        while ((n = read(fds[0], text + length, size - 1 - length)) > 0)
                length += (size_t) n;
        text[length] = '\0';
        (void) close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}
