/* SPDX-License-Identifier: MIT */
/* Whether a container that is watched has failed: see watch-judge.h. */
#include "deployerd/deploy/watch-judge.h"

#include <signal.h>
#include <stdio.h>

#include "shared/json.h"

/* Whether the engine starts it again after such an end, unless somebody has stopped it. */
static bool is_restarted_after(const Container *container, const ContainerEnd *end) {
        const char *policy = strempty(json_string_value(
                        json_path(container->json, "HostConfig", "RestartPolicy", "Name", NULL)));

        return streq(policy, "always") || streq(policy, "unless-stopped") ||
               (streq(policy, "on-failure") && end->code != 0);
}

/* As somebody ends it who has the engine do that: so far as can be told of what nobody restarts. */
static bool is_ended_by_hand(const WatchSigns *signs, const ContainerEnd *end) {
        return signs->killed || (!end->out_of_memory &&
                                 (container_end_is_by(end, SIGTERM) || container_end_is_by(end, SIGKILL)));
}

WatchFinding watch_judge(const Container *container, const WatchSigns *signs, bool check_counts,
                         char *ret_text, size_t size) {
        bool restarts = container->restarts > 0 || streq(container->status, "restarting");
        char words[CONTAINER_END_SIZE];
        ContainerEnd end;

        assert(container);
        assert(signs);
        assert(ret_text && size > 0);

        ret_text[0] = '\0';
        end = signs->end;
        container_end_read(&end, container);
        container_end_describe(&end, words);
        if (restarts) {
                (void) snprintf(ret_text, size, "it %s and was restarted", words);
                return WATCH_FAILED;
        }

        if (!container->running) {
                (void) snprintf(ret_text, size, "it %s", words);
                return is_restarted_after(container, &end) || is_ended_by_hand(signs, &end) ? WATCH_STOPPED
                                                                                            : WATCH_FAILED;
        }

        if (check_counts && streq(container->health, "unhealthy")) {
                (void) snprintf(ret_text, size, "its health check fails");
                return WATCH_FAILED;
        }

        return WATCH_WELL;
}
