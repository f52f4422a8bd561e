/* SPDX-License-Identifier: MIT */
/* Calls about networks: see networks.h. */
#include "deployerd/engine/networks.h"

#include <stdio.h>

#include "deployerd/engine/url.h"
#include "shared/json.h"

bool engine_creates_in_networks(const Engine *engine) {
        return engine_quirks(engine)->creates_in_networks ||
               engine_api_minor(engine) >= ENGINE_API_MINOR_NETWORKS;
}

/* "/networks/<network><suffix>". */
static int network_path(const char *network, const char *suffix, char **ret) {
        _cleanup_free_ char *escaped = url_escape(network, "");

        if (!escaped || asprintf(ret, "/networks/%s%s", escaped, suffix) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

int engine_network_exists(Engine *engine, const char *network) {
        static const int missing[] = { 404, 0 };
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_free_ char *path = NULL;
        int r;

        assert(engine);
        assert(network);

        r = network_path(network, "", &path);
        if (r < 0)
                return r;

        r = engine_call(engine,
                        &(EngineRequest){ .method = "GET",
                                          .path = path,
                                          .accepted = missing,
                                          .what = "look for the network" },
                        &answer);
        return r < 0 ? r : answer.status != 404;
}

static int network_call(Engine *engine, const char *network, const char *suffix, const json_t *body,
                        const char *what) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = network_path(network, suffix, &path);
        if (r < 0)
                return r;

        return engine_call(engine,
                           &(EngineRequest){ .method = "POST", .path = path, .body = body, .what = what },
                           NULL);
}

int engine_network_connect(Engine *engine, const char *network, const char *id, const json_t *endpoint) {
        _cleanup_(json_freep) json_t *body = NULL;

        assert(engine);
        assert(network);
        assert(id);

        body = json_pack("{s:s, s:O*}", "Container", id, "EndpointConfig", endpoint);
        return body ? network_call(engine, network, "/connect", body, "connect the container to its network")
                    : -ENOMEM;
}

int engine_network_disconnect(Engine *engine, const char *network, const char *id) {
        _cleanup_(json_freep) json_t *body = NULL;

        assert(engine);
        assert(network);
        assert(id);

        body = json_pack("{s:s, s:b}", "Container", id, "Force", 0);
        return body ? network_call(engine, network, "/disconnect", body,
                                   "disconnect the container from its network")
                    : -ENOMEM;
}
