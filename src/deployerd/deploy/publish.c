/* SPDX-License-Identifier: MIT */
/* Where the stage answers now, for the proxy in front of it: see publish.h. */
#include "deployerd/deploy/publish.h"
#include "deployerd/deploy/upstreams.h"

#include <stdio.h>

void deploy_publish(Deploy *deploy, const InstanceList *list) {
        _cleanup_free_ char *dir = NULL;
        int r;

        r = upstreams_dir(&dir);
        if (r >= 0)
                r = upstreams_write(dir, deploy->request->project, deploy->request->stage, list);
        if (r < 0)
                worker_log(deploy->worker, LOG_WARNING, "Cannot write the stage's file for the proxy: %s",
                           strerror(-r));
        deploy->unpublished = r < 0 ? r : 0;
}

void deploy_publish_now(Deploy *deploy) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };

        if (deploy_list(deploy, &list) >= 0)
                deploy_publish(deploy, &list);
}

const char *deploy_unpublished(const Deploy *deploy) {
        static char text[128];

        if (deploy->unpublished >= 0)
                return "";

        (void) snprintf(text, sizeof(text), "; the file for the proxy is not written: %s",
                        strerror(-deploy->unpublished));
        return text;
}
