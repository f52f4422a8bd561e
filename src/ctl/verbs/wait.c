/* SPDX-License-Identifier: MIT */
/* Until a deploy is over: see wait.h. */
#include "ctl/verbs/wait.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "ctl/client.h"
#include "ctl/print/follow.h"
#include "ctl/verbs/find.h"
#include "shared/time-util.h"

/* How often webhookd is asked, for the case that its signal got lost; a quarter of a shorter time-out. */
#define ASK_USEC (15 * USEC_PER_SEC)

/* The same for who follows: no signal says that an attempt failed and that there is to be another one. */
#define FOLLOW_USEC (2 * USEC_PER_SEC)

/* How often the seconds of a line on a terminal are counted on. */
#define DRAW_USEC USEC_PER_SEC

/* Signals that are still shown when the deploy is over. */
#define DRAIN_MAX 1024U

struct Wait {
        Ctl *ctl;
        sd_bus_slot *finished_slot;
        sd_bus_slot *progress_slot;
        Follow *follow; /* NULL: nobody wants to see more than the end */
        uint64_t id;    /* 0: not known yet */
        bool finished;
        sigset_t signals; /* those that are blocked while nobody waits */
};

static int on_queue_changed(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *state;
        Wait *wait = userdata;
        uint64_t id;

        (void) ret_error;

        if (sd_bus_message_enter_container(message, 'a', "(tssss)") < 0)
                return 0;
        while (sd_bus_message_read(message, "(tssss)", &id, NULL, NULL, NULL, &state) > 0)
                if (id == wait->id && !streq(state, "queued"))
                        wait->finished = true;

        return 0;
}

/* What came before the id was known waits inside sd-bus, and is handled after it. */
static int on_progress(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *phase, *detail;
        Wait *wait = userdata;
        uint64_t id;

        (void) ret_error;

        if (sd_bus_message_read(message, "tss", &id, &phase, &detail) >= 0 && id == wait->id)
                follow_phase(wait->follow, id, phase, detail);

        return 0;
}

static int subscribe(Wait *wait) {
        Ctl *ctl = wait->ctl;
        int r;

        r = sd_bus_match_signal(ctl->bus, &wait->finished_slot, peer_webhook.bus_name, peer_webhook.path,
                                peer_webhook.interface, "QueueChanged", on_queue_changed, wait);
        if (r < 0)
                return ctl_fail(ctl, r, "Cannot subscribe to QueueChanged: %m");
        if (!ctl->follow)
                return 0;

        r = follow_new(ctl, &wait->follow);
        if (r < 0)
                return r;

        /* Only the owner of the name can send what this matches. */
        r = sd_bus_match_signal(ctl->bus, &wait->progress_slot, peer_deployer.bus_name, peer_deployer.path,
                                peer_deployer.interface, "Progress", on_progress, wait);
        return r < 0 ? ctl_fail(ctl, r, "Cannot subscribe to Progress: %m") : 0;
}

int wait_new(Ctl *ctl, Wait **ret) {
        _cleanup_(wait_freep) Wait *wait = NULL;
        int r;

        assert(ctl);
        assert(ret);

        r = client_open(ctl);
        if (r < 0)
                return r;

        wait = calloc(1, sizeof(*wait));
        if (!wait)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        wait->ctl = ctl;
        if (ctl->wait)
                r = subscribe(wait);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(wait);
        return 0;
}

Wait *wait_free(Wait *wait) {
        if (!wait)
                return NULL;

        sd_bus_slot_unref(wait->finished_slot);
        sd_bus_slot_unref(wait->progress_slot);
        follow_free(wait->follow);
        free(wait);
        return NULL;
}

Ctl *wait_ctl(const Wait *wait) {
        return wait->ctl;
}

/* What the row says where no signal does: it waits, for the first time or once more, or it ran before we listened. */
static void follow_state(Follow *follow, const DeployRow *row) {
        bool is_queued = streq(row->state, "queued");
        _cleanup_free_ char *waiting = NULL;
        const char *detail = "";
        bool is_news;

        if (is_queued)
                detail = deploy_waits(row) && deploy_waiting(row, &waiting) >= 0 ? waiting : row->reason;

        is_news = is_queued ? !follow_has_told(follow, "queued", detail)
                            : follow_is_at(follow, NULL) || follow_is_at(follow, "queued");
        if (is_news && !deploy_is_finished(row))
                follow_phase(follow, row->id, row->state, detail);
}

static int ask(Wait *wait, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        DeployRow row = { .id = 0 };
        sigset_t signals;
        int r;

        /* A fault is going to be told on the terminal. */
        follow_clear(wait->follow);

        /* While a daemon hangs, Ctrl-C ends the program as it does elsewhere. */
        (void) sigprocmask(SIG_SETMASK, &wait->signals, &signals);
        r = find_deploy(wait->ctl, wait->id, project, stage, &reply, &row);
        (void) sigprocmask(SIG_SETMASK, &signals, NULL);
        if (r < 0)
                return r;

        wait->finished = deploy_is_finished(&row);
        if (wait->follow) {
                follow_state(wait->follow, &row);
                if (!wait->finished)
                        follow_draw(wait->follow);
        }
        return 0;
}

static int report_broken(const Wait *wait, int r) {
        follow_clear(wait->follow);
        (void) ctl_fail(wait->ctl, r, "The connection to the system bus broke: %m");
        return -EIO;
}

/*
 * Handles what has come; where nothing has, waits for `usec` at most. 1: something came, 0: nothing did, or
 * CTL_EXIT_INTERRUPTED.
 */
static int wait_turn(Wait *wait, int interrupts, uint64_t usec) {
        struct timespec timeout = { .tv_sec = (time_t) (usec / USEC_PER_SEC),
                                    .tv_nsec = (long) (usec % USEC_PER_SEC * NSEC_PER_USEC) };
        struct pollfd fds[] = { { .fd = -1 }, { .fd = interrupts, .events = POLLIN } };
        struct signalfd_siginfo info;
        int r;

        r = sd_bus_process(wait->ctl->bus, NULL);
        if (r < 0)
                return report_broken(wait, r);

        fds[0].fd = sd_bus_get_fd(wait->ctl->bus);
        fds[0].events = (short) sd_bus_get_events(wait->ctl->bus);

        /* Ctrl-C is seen also while the bus has no end of signals. */
        if (r > 0)
                timeout = (struct timespec){ 0 };
        if (ppoll(fds, ELEMENTSOF(fds), &timeout, NULL) < 0 && errno != EINTR)
                return report_broken(wait, -errno);

        /* Taken, so that it does not end the program when it is let through again. */
        if (read(interrupts, &info, sizeof(info)) > 0)
                return CTL_EXIT_INTERRUPTED;

        return r > 0 || fds[0].revents ? 1 : 0;
}

static uint64_t min_u64(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

static int report_late(const Wait *wait, const char *project, const char *stage) {
        (void) ctl_fail(wait->ctl, -ETIMEDOUT, "Deploy %" PRIu64 " is not over yet", wait->id);
        ctl_hint(wait->ctl,
                 "It goes on. To watch it: tinyforgectl follow %" PRIu64
                 "; or later: tinyforgectl deploys %s %s",
                 wait->id, project, stage);
        return -ETIMEDOUT;
}

static int wait_loop(Wait *wait, int interrupts, const char *project, const char *stage) {
        uint64_t limit = wait->ctl->timeout_usec;
        uint64_t pause = min_u64(limit / 4, wait->follow ? FOLLOW_USEC : ASK_USEC);
        uint64_t now = now_usec(CLOCK_MONOTONIC), begin = now, asked = now, drawn = now;
        int r = 0;

        for (; !wait->finished && r >= 0 && r != CTL_EXIT_INTERRUPTED; now = now_usec(CLOCK_MONOTONIC)) {
                uint64_t left = min_u64(limit - (now - begin), pause - (now - asked));

                if (now - begin >= limit) {
                        follow_clear(wait->follow);
                        return report_late(wait, project, stage);
                }

                if (now - asked >= pause) {
                        asked = now;
                        r = ask(wait, project, stage);
                        continue;
                }

                if (wait->follow && now - drawn >= DRAW_USEC) {
                        drawn = now;
                        follow_draw(wait->follow);
                }
                if (wait->follow)
                        left = min_u64(left, DRAW_USEC - (now - drawn));
                r = wait_turn(wait, interrupts, left);
        }

        return r;
}

/* The whole way is shown, also where the end was asked for and not waited for. */
static int follow_to_the_end(Wait *wait, int interrupts, const char *project, const char *stage) {
        int r;

        r = ask(wait, project, stage);
        if (r < 0)
                return r;

        r = wait_loop(wait, interrupts, project, stage);
        for (unsigned i = 0; wait->finished && i < DRAIN_MAX; i++)
                if (sd_bus_process(wait->ctl->bus, NULL) <= 0)
                        break;

        follow_clear(wait->follow);
        return r;
}

static int wait_interruptibly(Wait *wait, const sigset_t *signals, const char *project, const char *stage) {
        _cleanup_close_ int interrupts = -1;
        int r;

        interrupts = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (interrupts < 0)
                return ctl_fail(wait->ctl, -errno, "Cannot listen for Ctrl-C: %m");

        r = wait->follow ? follow_to_the_end(wait, interrupts, project, stage)
                         : wait_loop(wait, interrupts, project, stage);
        if (r == CTL_EXIT_INTERRUPTED) {
                (void) ctl_fail(wait->ctl, 0, "Not waiting any more. Deploy %" PRIu64 " goes on", wait->id);
                ctl_hint(wait->ctl,
                         "To watch it: tinyforgectl follow %" PRIu64
                         "; to stop it: tinyforgectl cancel %" PRIu64,
                         wait->id, wait->id);
                return r;
        }

        return r < 0 ? r : 0;
}

int wait_for_deploy(Wait *wait, uint64_t id, const char *project, const char *stage) {
        sigset_t signals;
        int r;

        assert(wait);
        assert(id > 0);

        wait->id = id;

        /* What Ctrl-C ends is the waiting, and it shall say so; until here it ends the program. */
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, &wait->signals);
        r = wait_interruptibly(wait, &signals, project, stage);
        (void) sigprocmask(SIG_SETMASK, &wait->signals, NULL);
        return r;
}
