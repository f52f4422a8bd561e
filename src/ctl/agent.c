/* SPDX-License-Identifier: MIT */
/* polkit's agent on this terminal: see agent.h, and pkttyagent(1). */
#include "ctl/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <termios.h>

#include "shared/child.h"

#define AGENT "pkttyagent"

/* It registers with polkit, which may have to be started. */
#define READY_MSEC 20000

struct Agent {
        pid_t pid;
        bool has_terminal; /* `terminal` is how it was */
        struct termios terminal;
};

bool agent_has_terminal(void) {
        return isatty(STDIN_FILENO) > 0;
}

/*
 * In the child. In a session, the agent that a desktop may have registered for it comes first. Outside of sessions there is
 * none; and polkit 122 would not use a fallback there.
 */
static _Noreturn void run_agent(int notify_fd, pid_t parent) {
        bool in_session = sd_pid_get_session(0, NULL) >= 0;
        char number[16];
        sigset_t none;

        /* A waiting parent has blocked what ends it, and the agent is to hear that too. */
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                child_exit(EXIT_FAILURE);

        (void) snprintf(number, sizeof(number), "%i", notify_fd);
        if (fcntl(notify_fd, F_SETFD, 0) >= 0)
                (void) execlp(AGENT, AGENT, "--notify-fd", number, in_session ? "--fallback" : (char *) NULL,
                              (char *) NULL);
        child_exit(EXIT_FAILURE);
}

/* Nothing is written to the pipe: it is closed when the agent is registered, or has ended. */
static void wait_ready(int fd) {
        struct pollfd item = { .fd = fd };
        int r;

        do
                r = poll(&item, 1, READY_MSEC);
        while (r < 0 && errno == EINTR);
}

int agent_new(Agent **ret) {
        _cleanup_close_ int read_end = -1, write_end = -1;
        _cleanup_(agent_freep) Agent *agent = NULL;
        pid_t parent = getpid();
        int ends[2];

        assert(ret);

        agent = calloc(1, sizeof(*agent));
        if (!agent)
                return -ENOMEM;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;

        read_end = ends[0];
        write_end = ends[1];
        agent->has_terminal = tcgetattr(STDIN_FILENO, &agent->terminal) >= 0;
        agent->pid = fork();
        if (agent->pid < 0)
                return -errno;
        if (agent->pid == 0)
                run_agent(write_end, parent);

        (void) close(TAKE_FD(write_end));
        wait_ready(read_end);
        *ret = TAKE_PTR(agent);
        return 0;
}

Agent *agent_free(Agent *agent) {
        if (!agent)
                return NULL;

        if (agent->pid > 0) {
                (void) kill(agent->pid, SIGTERM);
                (void) kill(agent->pid, SIGCONT);
                while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                /* It may have been ended while it read a password, with the echo off. */
                if (agent->has_terminal)
                        (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &agent->terminal);
        }

        free(agent);
        return NULL;
}
