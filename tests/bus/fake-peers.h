/* SPDX-License-Identifier: MIT */
/* What the players of fake-peers share. Each begins to play a role, by its name there, on a bus: see fake-peers.c. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/macro.h"

/* What a terminal obeys: colour, a title, CSI in one character, a right-to-left override. */
#define EVIL                               \
        "\x1b[31m\x1b]0;owned\x07\xC2\x9B" \
        "2J\xE2\x80\xAE!"

/* What the deployer tells of a deploy by Progress; the last one has no phase. */
typedef struct Step {
        const char *phase;
        const char *detail;
} Step;

/* A whole deploy; one up to its pull, and the same begun again; a pull without end. */
extern const Step fake_steps_told[], fake_steps_before[], fake_steps_after[], fake_steps_stuck[];

/* Sends the signals of these steps, whoever plays the deployer. */
int fake_deployer_tell(sd_bus *bus, uint64_t id, const Step *steps);

/* Takes the name, with an object that answers as `role` has it. What was played before in the process stays. */
int fake_webhook_play(sd_bus *bus, const char *role);
int fake_liar_play(sd_bus *bus, const char *role);
int fake_deployer_play(sd_bus *bus, const char *role);
int fake_quick_play(sd_bus *bus, const char *role);
int fake_systemd_play(sd_bus *bus, const char *role);

/* The object, and then the name. */
static inline int fake_peer_appear(sd_bus *bus, const char *name, const char *path, const char *interface,
                                   const sd_bus_vtable *vtable) {
        int r;

        r = sd_bus_add_object_vtable(bus, NULL, path, interface, vtable, NULL);
        return r < 0 ? r : sd_bus_request_name(bus, name, 0);
}
