/* SPDX-License-Identifier: MIT */
/* The liar's part in fake-peers: a receiver whose every answer has a wrong type. */
#include "fake-peers.h"
#include "shared/protocol.h"

/* An answer that nobody expects. */
static int method_lie(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;

        return sd_bus_reply_method_return(message, "(ii)", 1, 2);
}

static int property_lie(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) userdata;
        (void) error;

        return sd_bus_message_append(reply, "t", UINT64_C(1));
}

static const sd_bus_vtable liar_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "t", property_lie, 0, 0),
        SD_BUS_PROPERTY("PublicURL", "t", property_lie, 0, 0),
        SD_BUS_METHOD("GetWebhookPath", "", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeHooks", "", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeProjectsPage", "sua{sv}", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListStages", "s", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeStages", "s", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeDeploys", "ssu", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("MatchImages", "s", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Deploy", "sss", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Rollback", "ss", "(ii)", method_lie, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int fake_liar_play(sd_bus *bus, const char *role) {
        (void) role;

        return fake_peer_appear(bus, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, liar_vtable);
}
