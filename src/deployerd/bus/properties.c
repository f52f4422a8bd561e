/* SPDX-License-Identifier: MIT */
/*
 * The properties of org.tinyforge.Deployer1.Manager, which tell of the engine and of root's policy, and that those of the engine
 * have changed.
 */
#include "shared/bus/properties.h"
#include "deployerd/bus/properties.h"
#include "deployerd/config/policy.h"
#include "deployerd/engine/sockets.h"
#include "deployerd/takeover.h"
#include "shared/conf/conf.h"
#include "shared/log.h"
#include "shared/protocol.h"

int property_get_engine(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;

        (void) bus;
        (void) path;
        (void) interface;
        (void) error;

        manager->hooks.on_activity(manager->userdata);
        return sd_bus_message_append(reply, "s",
                                     streq(property, "Engine")          ? manager->info.name
                                     : streq(property, "EngineVersion") ? manager->info.version
                                     : streq(property, "EngineSocket")  ? manager->info.socket
                                                                        : manager->info.api);
}

static int append_socket(sd_bus_message *reply, const char *path) {
        bool usable;

        return socket_probe(path, &usable) > 0 ? sd_bus_message_append(reply, "(sb)", path, (int) usable)
                                               : 0;
}

int property_get_sockets(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        const char *configured = manager->config->engine;
        int r;

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) error;

        manager->hooks.on_activity(manager->userdata);
        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sb)");
        if (r >= 0 && configured)
                r = append_socket(reply, configured);
        for (size_t i = 0; r >= 0 && !configured && sockets_usual(i); i++)
                r = append_socket(reply, sockets_usual(i));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int property_get_allows_any(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) error;

        manager->hooks.on_activity(manager->userdata);
        return sd_bus_message_append(reply, "b", policy_allows_any(manager->config->allow_images));
}

int property_get_take_overs(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_(strv_freep) char **stages = NULL;
        Manager *manager = userdata;
        int r;

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) error;

        manager->hooks.on_activity(manager->userdata);
        r = takeover_list(&stages);
        return r < 0 ? r : sd_bus_message_append_strv(reply, stages);
}

void manager_take_engine(Manager *manager, const json_t *report) {
        int r;

        assert(manager);

        if (!engine_info_update(&manager->info, report))
                return;

        r = bus_properties_emit(manager->bus, DEPLOYER_PATH, DEPLOYER_INTERFACE,
                                (const BusProperty[]){
                                                { "Engine", true },
                                                { "EngineVersion", true },
                                                { "ApiVersion", true },
                                                { "EngineSocket", true },
                                },
                                4);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot tell of changed properties: %m");
}
