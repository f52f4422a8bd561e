/* SPDX-License-Identifier: MIT */
/*
 * The peers of tinyforgectl, with answers that a test can choose: what the real ones say only on bad days. Started with
 * the names of the peers it is to be: webhook, webhook-old and webhook-young (with 200 and 199 rows, down to id 101),
 * webhook-new (its store is another one), webhook-full (with 1000, where it is asked for all stages), webhook-liar (every
 * answer has a wrong type), deployer, deployer-unreachable (its engine does not answer), deployer-too-new (its engine
 * speaks no version that is known), deployer-stuck (its engine never lists a container), deployer-shy (it shows instances
 * to root only), deployer-quick and deployer-unfair (see fake-quick.c), systemd (systemd-whole: with all units installed;
 * systemd-masked: with a masked socket). Prints "ready" when the names are taken, and ends with its standard input.
 *
 * The tag of a deploy says what becomes of it: "<state>" is told by the signal, "early-<state>" by a signal before the
 * reply, "lost-<state>" by no signal, and "never" is not over at all. Who plays the deployer too tells the way there:
 * "told-<state>" all of it around the reply, "again-<state>" a part of it each time that the deploy is listed, as a deployer
 * that is started anew in the middle, and "stuck" a pull without end.
 * After a deploy of "early-hang" nothing is listed any more, and "asked" is printed.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "fake-peers.h"

static const struct {
        const char *name;
        int (*play)(sd_bus *bus, const char *role);
} roles[] = {
        { "webhook", fake_webhook_play },         { "webhook-old", fake_webhook_play },
        { "webhook-young", fake_webhook_play },   { "webhook-new", fake_webhook_play },
        { "webhook-full", fake_webhook_play },    { "webhook-liar", fake_liar_play },
        { "deployer", fake_deployer_play },       { "deployer-unreachable", fake_deployer_play },
        { "deployer-shy", fake_deployer_play },   { "deployer-too-new", fake_deployer_play },
        { "deployer-stuck", fake_deployer_play }, { "deployer-quick", fake_quick_play },
        { "deployer-unfair", fake_quick_play },   { "systemd", fake_systemd_play },
        { "systemd-whole", fake_systemd_play },   { "systemd-masked", fake_systemd_play },
};

static int play(sd_bus *bus, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(roles); i++)
                if (streq(roles[i].name, name))
                        return roles[i].play(bus, name);

        return -EINVAL;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        char byte;

        (void) events;
        (void) userdata;

        return read(fd, &byte, 1) > 0 ? 0 : sd_event_exit(sd_event_source_get_event(source), 0);
}

int main(int argc, char *argv[]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        int r;

        r = sd_event_new(&event);
        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, 0);
        if (r >= 0)
                r = sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL);
        for (int i = 1; i < argc && r >= 0; i++)
                r = play(bus, argv[i]);
        if (r >= 0) {
                (void) puts("ready");
                (void) fflush(stdout);
                r = sd_event_loop(event);
        }
        if (r < 0)
                (void) fprintf(stderr, "fake-peers: %s\n", strerror(-r));

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
