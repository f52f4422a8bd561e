/* SPDX-License-Identifier: MIT */
/* The deployer's part in fake-peers: what it shows, and what it tells of a deploy. See fake-peers.c for the roles. */
#include <stdio.h>

#include "fake-peers.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

const Step fake_steps_told[] = {
        { "pulling", "0%" },
        { "pulling", "3%" },
        { "pulling", "10%" },
        { "pulling", "19%" },
        { "pulling", "42% of 30 MB" },
        { "pulling", "100%" },
        { "pulled", "" },
        { "created", "shop-dev-1.pending" },
        { "started", "" },
        { "probing", "GET http://192.0.2.7:8080/healthz: refused " EVIL },
        { "probing", "GET http://192.0.2.7:8080/healthz: 200" },
        { "healthy", "" },
        { "switched", "" },
        { "retired", "" },
        { "took", "{\"pull\":1250,\"healthy\":80,\"later\":1}" },
        { NULL, NULL },
};

const Step fake_steps_before[] = { { "resolved", "sha256:1" }, { "pulling", "10%" }, { NULL, NULL } };
const Step fake_steps_after[] = {
        { "resolved", "sha256:1" }, { "pulling", "5%" }, { "switched", "" }, { NULL, NULL }
};
const Step fake_steps_stuck[] = { { "resolved", "sha256:1" }, { "pulling", "42%" }, { NULL, NULL } };

static bool engine_answers, engine_is_too_new, engine_hangs, instances_hidden;

int fake_deployer_tell(sd_bus *bus, uint64_t id, const Step *steps) {
        int r = 0;

        for (; steps->phase && r >= 0; steps++)
                r = sd_bus_emit_signal(bus, DEPLOYER_PATH, DEPLOYER_INTERFACE, "Progress", "tss", id,
                                       steps->phase, steps->detail);
        return r;
}

static int property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void) bus;
        (void) path;
        (void) interface;
        (void) userdata;
        (void) error;

        return sd_bus_message_append(reply, "s",
                                     !engine_answers                                         ? ""
                                     : streq(property, "Engine")                             ? "docker"
                                     : engine_is_too_new && streq(property, "EngineVersion") ? "35.0.0"
                                     : engine_is_too_new && streq(property, "ApiVersion")    ? ""
                                     : streq(property, "EngineVersion")                      ? "20.10.24"
                                     : streq(property, "EngineSocket")
                                                     ? (getenv("FAKE_ENGINE_SOCKET")
                                                                        ? getenv("FAKE_ENGINE_SOCKET")
                                                                        : "/run/docker.sock")
                                                     : "1.41");
}

/* FAKE_ENGINE_SOCKET= is a socket that it may use only while it answers there. */
static int property_get_sockets(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const char *socket = getenv("FAKE_ENGINE_SOCKET");

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) userdata;
        (void) error;

        return sd_bus_message_append(reply, "a(sb)", socket ? 1 : 0, socket, (int) engine_answers);
}

static int property_get_any(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) userdata;
        (void) error;

        return sd_bus_message_append(reply, "b", engine_answers);
}

static int method_list_instances(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage;
        int r;

        (void) userdata;

        r = sd_bus_message_read(message, "ss", &project, &stage);
        if (r < 0)
                return r;
        /* Nobody is answered any more. */
        if (engine_hangs)
                return 1;
        if (instances_hidden)
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "Rejected send message");
        if (!engine_answers)
                return sd_bus_error_set(error, ERROR_ENGINE_UNREACHABLE, "No engine answers");
        if (engine_is_too_new)
                return sd_bus_error_set(error, ERROR_ENGINE_TOO_NEW,
                                        "The engine speaks no version of its API below 1.60");

        if (streq(project, "shop") || isempty(project))
                return sd_bus_reply_method_return(
                                message, "a(sstssssssst)", 3, "shop", "dev", UINT64_C(9), "store", "c9",
                                "shop-dev-9", "sha256:9999999999999999", "running", "healthy",
                                "127.0.0.1:49153", UINT64_C(1700000000000000), "shop", "dev", UINT64_C(8),
                                "store", "c8", "shop-dev-8", "sha256:8888888888888888", "running", "none",
                                "127.0.0.1:49152", UINT64_C(1700000000000000), "shop", "dev", UINT64_C(7),
                                "store", "c7", EVIL, "", "exited", "none", "127.0.0.1:1", UINT64_C(0));
        if (streq(project, "tool"))
                return sd_bus_reply_method_return(message, "a(sstssssssst)", 1, "tool", "rc", UINT64_C(5),
                                                  "store", "c5", "tool-rc-5", "sha256:5", "running", "none",
                                                  "", UINT64_C(1700000000000000));

        return sd_bus_reply_method_return(message, "a(sstssssssst)", 0);
}

static int method_list_endpoints(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage;
        int r;

        (void) userdata;
        (void) error;

        r = sd_bus_message_read(message, "ss", &project, &stage);
        if (r < 0)
                return r;
        if (!streq(project, "shop"))
                return sd_bus_reply_method_return(message, "aa{sv}", 0);

        return sd_bus_reply_method_return(message, "aa{sv}", 2, 10, "Project", "s", "shop", "Stage", "s",
                                          "dev", "Deploy", "t", UINT64_C(9), "Container", "s", "c9", "Name",
                                          "s", "shop-dev-9", "Port", "q", 8080, "Protocol", "s", "tcp",
                                          "Endpoint", "s", "127.0.0.1:49153", "IsProjectPort", "b", 1,
                                          "Later", "s", "passed over", 9, "Project", "s", "shop", "Stage",
                                          "s", "dev", "Deploy", "t", UINT64_C(9), "Container", "s", "c9",
                                          "Name", "s", EVIL, "Port", "q", 53, "Protocol", "s", "udp",
                                          "Endpoint", "s", "127.0.0.1:5353/udp", "IsProjectPort", "b", 0);
}

static int method_list_strays(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void) userdata;

        if (instances_hidden)
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "Rejected send message");
        if (engine_answers)
                return sd_bus_reply_method_return(message, "aa{sv}", 0);

        return sd_bus_reply_method_return(message, "aa{sv}", 1, 11, "Engine", "s", "podman", "Socket", "s",
                                          "/run/podman/podman.sock", "Project", "s", "shop", "Stage", "s",
                                          "dev", "Deploy", "t", UINT64_C(6), "Store", "s", "store",
                                          "Container", "s", "c6", "Name", "s", "shop-dev-6" EVIL, "Digest",
                                          "s", "sha256:6", "State", "s", "running", "Later", "s",
                                          "passed over");
}

/* The stage "dev" shows what it was asked with, "canary" has a file of root's, "prod" is refused, "rc" is root's, and "odd" makes no sense. */
static int method_describe(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *image, *keys[5], *healthcheck, *store;
        unsigned max_instances;
        int show_secrets;
        char body[768];
        uint16_t port;
        int r;

        (void) userdata;

        r = sd_bus_message_read(message, "sssa{sv}", &project, &stage, &image, 5, &keys[0], "q", &port,
                                &keys[1], "s", &healthcheck, &keys[2], "u", &max_instances, &keys[3], "b",
                                &show_secrets, &keys[4], "s", &store);
        if (r < 0)
                return r;
        if (streq(stage, "prod"))
                return sd_bus_error_set(error, ERROR_CONFIGURATION,
                                        "/etc/tinyforge/projects.d/shop.json:3:14: unexpected token " EVIL);
        if (streq(stage, "rc"))
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "Rejected send message");
        if (streq(project, "odd"))
                return sd_bus_reply_method_return(message, "sasas", "{\"Image\":", 0, 0);

        (void) snprintf(body, sizeof(body),
                        "{\"Image\":\"%s\",\"Env\":[\"%s=%u\",\"%s=%s\",\"%s=%u\",\"T=\\u001b[31m\x7f\"]%s}",
                        image, keys[0], (unsigned) port, keys[1], healthcheck, keys[2], max_instances,
                        !streq(stage, "canary") ? ""
                        : show_secrets          ? ",\"HostConfig\":{\"Binds\":[],\"a/~\":{\"b\":\"shown\"}}"
                                                : ",\"HostConfig\":{\"Binds\":[],\"a/~\":{\"b\":\"\x7f\"}}");
        if (!streq(stage, "canary"))
                return sd_bus_reply_method_return(message, "sasas", body, 0, 0);

        return sd_bus_reply_method_return(message, "sasas", body, 3, "/Env", "/HostConfig/a~1~0",
                                          "/HostConfig/Memory", 1, "Nothing is meant by that " EVIL);
}

/* Of "canary" as well, a command. */
static int method_describe_commands(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage;
        int r;

        (void) userdata;
        (void) error;

        r = sd_bus_message_read(message, "ss", &project, &stage);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(
                        message, "s",
                        streq(stage, "canary") ? "{\"predeploy\":{\"Cmd\":[\"\\u001b[31m\"]}}" : "{}");
}

static const sd_bus_vtable deployer_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Engine", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("EngineVersion", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("ApiVersion", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("EngineSocket", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("EngineSockets", "a(sb)", property_get_sockets, 0, 0),
        SD_BUS_PROPERTY("AllowsAnyImage", "b", property_get_any, 0, 0),
        SD_BUS_METHOD("ListInstances", "ss", "a(sstssssssst)", method_list_instances,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListEndpoints", "ss", "aa{sv}", method_list_endpoints, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListStrays", "ss", "aa{sv}", method_list_strays, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeContainer", "sssa{sv}", "sasas", method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeCommands", "sssa{sv}", "s", method_describe_commands,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int fake_deployer_play(sd_bus *bus, const char *role) {
        instances_hidden = streq(role, "deployer-shy");
        engine_answers = !streq(role, "deployer-unreachable");
        engine_is_too_new = streq(role, "deployer-too-new");
        engine_hangs = streq(role, "deployer-stuck");
        return fake_peer_appear(bus, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE, deployer_vtable);
}
