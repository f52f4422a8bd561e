/* SPDX-License-Identifier: MIT */
/*
 * Deployers of fake-peers that have nothing to do, and print the number of each deploy that they are asked for. "deployer-quick" answers
 * at once. "deployer-unfair" keeps some waiting as long as there are others, and is busy when it is asked for a round number first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "fake-peers.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

/* Calls that are kept waiting, and how long after the last one they are answered after all. */
#define HELD_MAX  3U
#define HELD_USEC (100 * USEC_PER_MSEC)
/* Every such number is busy at first. */
#define BUSY_EACH 50U

static bool is_unfair;
static sd_bus_message *held[HELD_MAX];
static unsigned n_held;
static uint64_t busy_up_to;
static sd_event_source *timer;

static int answer(sd_bus_message *message) {
        return sd_bus_reply_method_return(message, "sss", OUTCOME_SUCCEEDED, "", "c1");
}

static int on_quiet(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        (void) userdata;

        for (; n_held > 0; n_held--) {
                (void) answer(held[n_held - 1]);
                sd_bus_message_unref(held[n_held - 1]);
        }

        return 0;
}

/* The first ones wait, and those that come after them do not. */
static int hold(sd_bus_message *message) {
        int r;

        if (timer)
                r = sd_event_source_set_time_relative(timer, HELD_USEC);
        else
                r = sd_event_add_time_relative(sd_bus_get_event(sd_bus_message_get_bus(message)), &timer,
                                               CLOCK_MONOTONIC, HELD_USEC, 0, on_quiet, NULL);
        if (r >= 0)
                r = sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;

        if (n_held == HELD_MAX)
                return answer(message);

        held[n_held++] = sd_bus_message_ref(message);
        return 1;
}

static int method_trigger(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *image, *key;
        uint64_t id;
        int r;

        (void) userdata;

        /* The number is the first of the options. */
        r = sd_bus_message_read(message, "sss", &project, &stage, &image);
        if (r >= 0)
                r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = sd_bus_message_read(message, "{sv}", &key, "t", &id);
        if (r < 0)
                return r;

        (void) printf("%" PRIu64 "\n", id);
        (void) fflush(stdout);
        if (!is_unfair)
                return answer(message);
        if (id % BUSY_EACH == 0 && id > busy_up_to) {
                busy_up_to = id;
                return sd_bus_error_set(error, ERROR_BUSY, "Something else is being done there");
        }

        return hold(message);
}

static int method_list_instances(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;

        return sd_bus_reply_method_return(message, "a(sstssssssst)", 0);
}

static int method_inspect(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;

        return sd_bus_reply_method_return(message, "a{sv}", 2, OPTION_PORT, "q", 8080, OPTION_HEALTHCHECK,
                                          "s", "");
}

static const sd_bus_vtable quick_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("TriggerDeploy", "sssa{sv}", "sss", method_trigger, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("InspectImage", "s", "a{sv}", method_inspect, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListInstances", "ss", "a(sstssssssst)", method_list_instances,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int fake_quick_play(sd_bus *bus, const char *role) {
        is_unfair = streq(role, "deployer-unfair");
        return fake_peer_appear(bus, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE, quick_vtable);
}
