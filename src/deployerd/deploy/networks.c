/* SPDX-License-Identifier: MIT */
/* Which network a container joins when, and under which names: see networks.h. */
#include "deployerd/deploy/networks.h"

#include "deployerd/config/merge-patch.h"
#include "deployerd/deploy/network-mode.h"
#include "deployerd/engine/networks.h"
#include "shared/json.h"

static json_t *endpoints_of(const json_t *body) {
        return json_path(body, "NetworkingConfig", "EndpointsConfig", NULL);
}

/* The one that the container is created in where that can be one only: the network of its mode, else the first. */
static const char *first_network(const json_t *body) {
        const char *mode = json_string_value(json_path(body, "HostConfig", "NetworkMode", NULL));
        json_t *endpoints = endpoints_of(body);

        return mode && json_object_get(endpoints, mode) ? mode
                                                        : json_object_iter_key(json_object_iter(endpoints));
}

static bool has_names(const json_t *endpoint) {
        return json_array_size(json_object_get(endpoint, "Aliases")) > 0;
}

/* What a container is told of a network; NULL when out of memory. */
static json_t *endpoint_for(json_t *endpoint, bool nameless) {
        json_t *copy;

        if (!nameless || !has_names(endpoint))
                return json_incref(endpoint);

        copy = json_copy(endpoint);
        if (copy)
                (void) json_object_del(copy, "Aliases");

        return copy;
}

static int endpoints_for(const json_t *body, bool one, bool nameless, json_t **ret) {
        const char *first = first_network(body), *network;
        _cleanup_(json_freep) json_t *endpoints = json_object();
        json_t *endpoint;

        if (!endpoints)
                return -ENOMEM;

        json_object_foreach(endpoints_of(body), network, endpoint) {
                if (one && !streq(network, first))
                        continue;
                if (json_object_set_new(endpoints, network, endpoint_for(endpoint, nameless)) < 0)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(endpoints);
        return 0;
}

/* An engine that knows one network when it creates knows one MAC address as well, which is that of the first. */
static int check_addresses(Engine *engine, const json_t *body) {
        const char *first = first_network(body), *network;
        json_t *endpoint;

        json_object_foreach(endpoints_of(body), network, endpoint) {
                if (streq(network, first) || isempty(json_get_string(endpoint, "MacAddress")))
                        continue;

                return worker_fail(
                                engine_worker(engine), -EBADMSG,
                                "MacAddress in the network %.128s beside %.128s needs version 1.%u of the Engine "
                                "API, and the engine speaks 1.%u",
                                network, first, ENGINE_API_MINOR_NETWORKS, engine_api_minor(engine));
        }

        return 0;
}

int networks_check(Engine *engine, const json_t *patches) {
        _cleanup_(json_freep) json_t *body = json_object();

        assert(engine);

        if (!body)
                return -ENOMEM;
        if (engine_creates_in_networks(engine))
                return 0;

        for (size_t i = 0; i < json_array_size(patches); i++) {
                json_t *merged = NULL;
                int r;

                r = merge_patch(body, json_array_get(patches, i), &merged);
                if (r < 0)
                        return r;

                json_decref(body);
                body = merged;
        }

        return check_addresses(engine, body);
}

const char *networks_early_name(const Engine *engine, const json_t *body) {
        const char *name = json_get_string(body, "Hostname");
        const char *mode = json_string_value(json_path(body, "HostConfig", "NetworkMode", NULL));
        bool joins = json_object_size(endpoints_of(body)) > 0 || !network_mode_is_built_in(strempty(mode));

        assert(engine);

        return !isempty(name) && joins && engine_api_minor(engine) >= ENGINE_API_MINOR_NETWORKS ? name
                                                                                                : NULL;
}

static int look_up(Engine *engine, const char *network) {
        int r;

        if (network_mode_is_built_in(network))
                return 0;

        r = engine_network_exists(engine, network);
        if (r == 0)
                return worker_fail(engine_worker(engine), -EBADE, "The engine has no network %.256s",
                                   network);

        return r < 0 ? r : 0;
}

int networks_look_up(Engine *engine, const json_t *body) {
        const char *mode, *network;
        json_t *endpoint;
        int r;

        assert(engine);
        assert(body);

        mode = strempty(json_string_value(json_path(body, "HostConfig", "NetworkMode", NULL)));
        r = json_object_get(endpoints_of(body), mode) ? 0 : look_up(engine, mode);
        json_object_foreach(endpoints_of(body), network, endpoint) {
                (void) endpoint;
                if (r >= 0)
                        r = look_up(engine, network);
        }

        return r;
}

/* Of a body that is created in one network. */
static int set_address(json_t *body, const json_t *endpoints) {
        const char *first = first_network(body);
        json_t *address = json_object_get(json_object_get(endpoints, first), "MacAddress");

        if (!json_is_string(address) || json_object_get(body, "MacAddress"))
                return 0;

        return json_object_set(body, "MacAddress", address) < 0 ? -ENOMEM : 0;
}

int networks_create_body(const json_t *body, bool one, bool nameless, json_t **ret) {
        _cleanup_(json_freep) json_t *copy = NULL, *networking = NULL, *endpoints = NULL;
        int r;

        assert(body);
        assert(ret);

        copy = json_copy((json_t *) (uintptr_t) body);
        if (!copy)
                return -ENOMEM;

        if (json_object_size(endpoints_of(body)) > 0) {
                r = endpoints_for(body, one, nameless, &endpoints);
                if (r < 0)
                        return r;

                networking = json_copy(json_object_get(body, "NetworkingConfig"));
                if (!networking || json_object_set(networking, "EndpointsConfig", endpoints) < 0 ||
                    json_object_set(copy, "NetworkingConfig", networking) < 0)
                        return -ENOMEM;

                r = one ? set_address(copy, endpoints) : 0;
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(copy);
        return 0;
}

int networks_join(Engine *engine, const char *id, const json_t *body, bool nameless) {
        const char *first, *network;
        json_t *endpoint;

        assert(engine);
        assert(id);
        assert(body);

        if (engine_creates_in_networks(engine))
                return 0;

        first = first_network(body);
        json_object_foreach(endpoints_of(body), network, endpoint) {
                _cleanup_(json_freep) json_t *settings = NULL;
                int r;

                if (streq(network, first))
                        continue;

                settings = endpoint_for(endpoint, nameless);
                r = settings ? engine_network_connect(engine, network, id, settings) : -ENOMEM;
                if (r < 0)
                        return r;
        }

        return 0;
}

int networks_give_names(Engine *engine, const char *id, const json_t *body) {
        const char *network;
        json_t *endpoint;
        int ret = 0;

        assert(engine);
        assert(id);
        assert(body);

        json_object_foreach(endpoints_of(body), network, endpoint) {
                int r;

                if (!has_names(endpoint))
                        continue;

                r = engine_network_disconnect(engine, network, id);
                if (r >= 0)
                        r = engine_network_connect(engine, network, id, endpoint);
                if (r < 0)
                        return r;

                ret = 1;
        }

        return ret;
}
