/* SPDX-License-Identifier: MIT */
/* Networks of what runs, beside those of what would be made: see attachment.h. */
#include "deployerd/deploy/attachment.h"

#include "deployerd/deploy/network-mode.h"
#include "shared/json.h"

/* The endpoint on the network of that name or id, or NULL. */
static const json_t *find_endpoint(const Container *container, const char *network) {
        const json_t *networks = json_path(container->json, "NetworkSettings", "Networks", NULL);
        const char *name;
        json_t *endpoint;

        json_object_foreach((json_t *) (uintptr_t) networks, name, endpoint)
                if (streq(name, network) || streq(strempty(json_get_string(endpoint, "NetworkID")), network))
                        return endpoint;

        return NULL;
}

static bool is_on(const Container *container, const char *network) {
        const json_t *endpoint = find_endpoint(container, network);

        return endpoint && (!isempty(json_get_string(endpoint, "IPAddress")) ||
                            !isempty(json_get_string(endpoint, "GlobalIPv6Address")));
}

/* The network is gone with the process that had it: the owner's, as it was when `container` was started. */
static int shares_network(Engine *engine, const char *owner_name, const Container *container) {
        const char *mode = strempty(
                        json_string_value(json_path(container->json, "HostConfig", "NetworkMode", NULL)));
        _cleanup_(container_done) Container owner = { .json = NULL };
        const char *known;
        int r;

        r = engine_container_inspect(engine, owner_name, &owner);
        if (r <= 0)
                return r;
        known = network_mode_owner(mode);
        if (!owner.running || !known)
                return 0;

        return (streq(known, owner.id) || streq(known, owner.name)) &&
               owner.started_at <= container->started_at;
}

int attachment_holds(Engine *engine, const json_t *body, const Container *container) {
        const char *mode, *network, *owner;
        json_t *endpoint;

        assert(engine);
        assert(body);
        assert(container);

        mode = strempty(json_string_value(json_path(body, "HostConfig", "NetworkMode", NULL)));
        owner = network_mode_owner(mode);
        if (owner)
                return shares_network(engine, owner, container);
        if (!network_mode_is_built_in(mode) && !is_on(container, mode))
                return 0;

        json_object_foreach(json_path(body, "NetworkingConfig", "EndpointsConfig", NULL), network, endpoint)
                if (!network_mode_is_built_in(network) && !is_on(container, network))
                        return 0;

        return 1;
}
