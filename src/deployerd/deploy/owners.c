/* SPDX-License-Identifier: MIT */
/* Whose namespaces a container shares: see owners.h. */
#include "deployerd/deploy/owners.h"

#include "deployerd/deploy/network-mode.h"
#include "deployerd/engine/containers.h"
#include "shared/json.h"

static int look_up(Engine *engine, const char *key, const char *owner) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        r = engine_container_inspect(engine, owner, &container);
        if (r < 0)
                return r;
        if (r == 0)
                return worker_fail(engine_worker(engine), -EBADE,
                                   "The engine has no container %.128s, which %s names", owner, key);
        if (!streq(container.status, "running") && !engine_quirks(engine)->starts_owners)
                return worker_fail(engine_worker(engine), -EIO,
                                   "The container %.128s, which %s names, does not run: it is %.32s", owner,
                                   key, container.status);

        return 0;
}

int owners_look_up(Engine *engine, const json_t *body) {
        static const char *const keys[] = { "NetworkMode", "PidMode", "IpcMode" };

        assert(engine);
        assert(body);

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *owner = network_mode_owner(
                                json_string_value(json_path(body, "HostConfig", keys[i], NULL)));
                int r = isempty(owner) ? 0 : look_up(engine, keys[i], owner);

                if (r < 0)
                        return r;
        }

        return 0;
}
