/* SPDX-License-Identifier: MIT */
/* The part of systemd in fake-peers: it knows three units of ours. */
#include <string.h>

#include "fake-peers.h"

static bool arg_is_whole;  /* the deployer's unit is installed as well */
static bool arg_is_masked; /* the socket is */

static int method_list_units(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *load = arg_is_whole ? "loaded" : "not-found";
        const char *socket_load = arg_is_masked ? "masked" : "loaded";
        const char *active = arg_is_masked ? "inactive" : "active",
                   *sub = arg_is_masked ? "dead" : "listening";

        (void) userdata;
        (void) error;

        return sd_bus_reply_method_return(message, "a(ssssssouso)", 3, "tinyforge-webhookd.socket", "",
                                          socket_load, active, sub, "", "/a", 0U, "", "/a",
                                          "tinyforge-webhookd.service", "", "loaded", "inactive", "dead", "",
                                          "/a", 0U, "", "/a", "tinyforge-deployerd.service", "", load,
                                          "inactive", "dead", "", "/a", 0U, "", "/a");
}

static const sd_bus_vtable systemd_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("ListUnitsByNames", "as", "a(ssssssouso)", method_list_units,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int fake_systemd_play(sd_bus *bus, const char *role) {
        arg_is_whole = strcmp(role, "systemd-whole") == 0;
        arg_is_masked = strcmp(role, "systemd-masked") == 0;
        return fake_peer_appear(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                "org.freedesktop.systemd1.Manager", systemd_vtable);
}
