/* SPDX-License-Identifier: MIT */
/* The engine's JSON about a container: see container.h. */
#include "deployerd/engine/container.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "shared/json.h"

void container_done(Container *container) {
        assert(container);

        json_decref(container->json);
        *container = (Container){ .json = NULL };
}

/* RFC 3339 with any fraction and offset, as Go prints times; 0 for the zero time and for what is no time. */
static uint64_t parse_time(const char *text) {
        uint64_t fraction = 0, unit = USEC_PER_SEC / 10;
        struct tm tm = { 0 };
        long offset = 0;
        time_t seconds;
        char *p;

        p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        if (!p)
                return 0;

        if (*p == '.')
                for (p++; *p >= '0' && *p <= '9'; p++) {
                        fraction += (uint64_t) (*p - '0') * unit;
                        unit /= 10;
                }
        if (*p == '+' || *p == '-') {
                unsigned hours, minutes;

                if (sscanf(p + 1, "%2u:%2u", &hours, &minutes) == 2)
                        offset = (*p == '-' ? -1L : 1L) * (long) (hours * 3600 + minutes * 60);
        }

        seconds = timegm(&tm) - offset;
        return seconds <= 0 ? 0 : (uint64_t) seconds * USEC_PER_SEC + fraction;
}

static const char *read_health(const json_t *state) {
        const char *health = json_string_value(json_path(state, "Health", "Status", NULL));

        return isempty(health) ? "none" : health;
}

int container_read(json_t *json, Container *ret) {
        const json_t *state = json_object_get(json, "State"), *config = json_object_get(json, "Config");
        const char *name = json_get_string(json, "Name");
        Container container = {
                .id = json_get_string(json, "Id"),
                .name = name && name[0] == '/' ? name + 1 : name,
                .status = json_get_string(state, "Status"),
                .health = read_health(state),
                .labels = json_object_get(config, "Labels"),
                .running = json_is_true(json_object_get(state, "Running")),
                .oom_killed = json_is_true(json_object_get(state, "OOMKilled")),
                .tty = json_is_true(json_object_get(config, "Tty")),
                .exit_code = json_get_int(state, "ExitCode", 0),
                .restarts = json_get_int(json, "RestartCount", 0),
                .stop_sec = json_get_int(config, "StopTimeout", STOP_UNSAID),
                .started_at = parse_time(strempty(json_get_string(state, "StartedAt"))),
        };

        if (isempty(container.id) || isempty(container.name) || isempty(container.status))
                return -EBADMSG;

        container.json = json;
        *ret = container;
        return 0;
}

int container_set_name(Container *container, const char *name) {
        assert(container && container->json);
        assert(name);

        if (json_object_set_new(container->json, "Name", json_string(name)) < 0)
                return -ENOMEM;

        container->name = json_get_string(container->json, "Name");
        return 0;
}

const char *container_label(const Container *container, const char *key) {
        assert(container);

        return json_get_string(container->labels, key);
}

void container_endpoint(const Container *container, uint16_t port, char ret[static ENDPOINT_SIZE]) {
        const json_t *ports = json_path(container->json, "NetworkSettings", "Ports", NULL);
        char preferred[16], found[ENDPOINT_SIZE];
        unsigned best = 0;
        const char *key;
        json_t *bindings;

        assert(container);

        ret[0] = '\0';
        /* Podman goes on telling the port of a container that has ended. */
        if (!container->running)
                return;

        (void) snprintf(preferred, sizeof(preferred), "%" PRIu16 "/tcp", port);
        json_object_foreach((json_t *) (uintptr_t) ports, key, bindings) {
                const char *protocol = strchr(key, '/');
                unsigned rank = streq(key, preferred) ? 3 : protocol && streq(protocol, "/tcp") ? 2 : 1;

                published_print(key, json_array_get(bindings, 0), found);
                if (found[0] == '\0' || rank <= best)
                        continue;

                best = rank;
                memcpy(ret, found, ENDPOINT_SIZE);
        }
}

int container_published(const Container *container, Published **ret, size_t *ret_n) {
        assert(container);

        return published_list(container->running
                                              ? json_path(container->json, "NetworkSettings", "Ports", NULL)
                                              : NULL,
                              ret, ret_n);
}

static bool take_address(const json_t *network, const char *key, int family,
                         char ret[static CONTAINER_ADDRESS_SIZE]) {
        const char *address = json_get_string(network, key);
        struct in6_addr binary;

        /* What is no address is never asked for. */
        if (isempty(address) || inet_pton(family, address, &binary) != 1)
                return false;

        (void) snprintf(ret, CONTAINER_ADDRESS_SIZE, "%s", address);
        return true;
}

bool container_address(const Container *container, char ret[static CONTAINER_ADDRESS_SIZE]) {
        static const struct {
                const char *key;
                int family;
        } kinds[] = { { "IPAddress", AF_INET }, { "GlobalIPv6Address", AF_INET6 } };
        const json_t *settings, *networks;
        const char *mode, *name;
        json_t *network;

        assert(container);

        settings = json_object_get(container->json, "NetworkSettings");
        networks = json_object_get(settings, "Networks");
        mode = json_string_value(json_path(container->json, "HostConfig", "NetworkMode", NULL));
        if (mode && streq(mode, "host")) {
                (void) snprintf(ret, CONTAINER_ADDRESS_SIZE, "127.0.0.1");
                return true;
        }

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                json_object_foreach((json_t *) (uintptr_t) networks, name, network)
                        if (take_address(network, kinds[i].key, kinds[i].family, ret))
                                return true;
                if (take_address(settings, kinds[i].key, kinds[i].family, ret))
                        return true;
        }

        return false;
}

bool container_has_healthcheck(const Container *container, bool image_has) {
        const json_t *test;
        const char *kind;

        assert(container);

        test = json_path(container->json, "Config", "Healthcheck", "Test", NULL);
        kind = json_string_value(json_array_get(test, 0));
        if (kind && streq(kind, "NONE"))
                return false;

        return image_has || json_array_size(test) > 0 || !streq(container->health, "none");
}
