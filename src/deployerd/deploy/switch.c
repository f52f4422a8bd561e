/* SPDX-License-Identifier: MIT */
/* The commit point of a deploy: see switch.h. */
#include "deployerd/deploy/switch.h"
#include "shared/protocol.h"

int deploy_switch(Deploy *deploy, Container *ret) {
        int r, s;

        r = engine_container_rename(deploy->engine, deploy->container, deploy->name, deploy->recreate);
        engine_set_finishing(deploy->engine);
        s = engine_container_inspect(deploy->engine, deploy->container, ret);
        if (s > 0 && streq(ret->name, deploy->name)) {
                worker_progress(deploy->worker, PHASE_SWITCHED, ret->id);
                return 0;
        }

        if (r == -EEXIST)
                return -EBADE;
        if (r < 0)
                return r;

        return s < 0 ? s : worker_fail(deploy->worker, -EIO, "The engine did not rename the new container");
}
