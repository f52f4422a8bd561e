/* SPDX-License-Identifier: MIT */
/* The commit point of a deploy: see switch.h. */
#include "deployerd/deploy/switch.h"
#include "shared/protocol.h"

int deploy_switch(Deploy *deploy, Container *ret) {
        int r, s;

        /* Nothing may fail any more once it is switched to. */
        r = container_set_name(&deploy->up, deploy->name);
        if (r < 0)
                return r;

        r = engine_container_rename(deploy->engine, deploy->container, deploy->name, deploy->recreate);
        engine_set_finishing(deploy->engine);
        if (r >= 0) {
                *ret = deploy->up;
                deploy->up = (Container){ .json = NULL };
                worker_progress(deploy->worker, PHASE_SWITCHED, ret->id);
                return 0;
        }

        s = engine_container_inspect(deploy->engine, deploy->container, ret);
        if (s > 0 && streq(ret->name, deploy->name)) {
                worker_progress(deploy->worker, PHASE_SWITCHED, ret->id);
                return 0;
        }

        return r == -EEXIST ? -EBADE : r;
}
