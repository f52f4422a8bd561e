/* SPDX-License-Identifier: MIT */
/* What counts as a failure of a container that is watched. */
#include "deployerd/deploy/watch-judge.h"

#include "shared/json.h"
#include "unit.h"

typedef struct Case {
        const char *status, *health, *policy;
        int64_t exit_code, restarts;
        bool oom_killed, killed, check_counts;
        WatchFinding finding;
        const char *text;
} Case;

static void findings_are_as_the_engines_count(void **state) {
        static const Case cases[] = {
                { "running", "none", "always", 0, 0, false, false, true, WATCH_WELL, "" },
                { "running", "starting", "always", 0, 0, false, false, true, WATCH_WELL, "" },
                { "running", "unhealthy", "always", 0, 0, false, false, true, WATCH_FAILED,
                  "its health check fails" },
                { "running", "unhealthy", "always", 0, 0, false, false, false, WATCH_WELL, "" },
                /* Its policy alone raises the count. */
                { "running", "none", "always", 0, 1, false, false, true, WATCH_FAILED,
                  "it ended and was restarted" },
                { "restarting", "none", "unless-stopped", 3, 1, false, false, true, WATCH_FAILED,
                  "it exited with status 3 and was restarted" },
                /* Which Podman shows for a moment before it does so, and both show of what a person has stopped. */
                { "exited", "none", "always", 3, 0, false, false, true, WATCH_STOPPED,
                  "it exited with status 3" },
                { "exited", "none", "unless-stopped", 137, 0, false, false, true, WATCH_STOPPED,
                  "it was killed by SIGKILL" },
                { "exited", "none", "no", 4, 0, false, false, true, WATCH_FAILED,
                  "it exited with status 4" },
                { "exited", "none", "no", 0, 0, false, false, true, WATCH_FAILED,
                  "it exited with status 0" },
                { "exited", "none", "no", 0, 0, false, true, true, WATCH_STOPPED,
                  "it exited with status 0" },
                { "exited", "none", "no", 143, 0, false, false, true, WATCH_STOPPED,
                  "it was killed by SIGTERM" },
                { "exited", "none", "no", 137, 0, true, false, true, WATCH_FAILED,
                  "it was killed by SIGKILL (out of memory)" },
                { "exited", "none", "on-failure", 0, 0, false, false, true, WATCH_FAILED,
                  "it exited with status 0" },
                { "exited", "none", "on-failure", 5, 0, false, false, true, WATCH_STOPPED,
                  "it exited with status 5" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Case *c = &cases[i];
                _cleanup_(json_freep) json_t *json =
                                json_pack("{s:{s:{s:s}}}", "HostConfig", "RestartPolicy", "Name", c->policy);
                const Container container = { .json = json,
                                              .status = c->status,
                                              .health = c->health,
                                              .running = streq(c->status, "running"),
                                              .exit_code = c->exit_code,
                                              .restarts = c->restarts,
                                              .oom_killed = c->oom_killed };
                char text[128];

                assert_int_equal(watch_judge(&container, &(WatchSigns){ .killed = c->killed },
                                             c->check_counts, text, sizeof(text)),
                                 c->finding);
                assert_string_equal(text, c->text);
        }
}

static void end_that_events_told_is_told_of_what_runs_again(void **state) {
        _cleanup_(json_freep) json_t *json = json_object();
        const Container container = {
                .json = json, .status = "running", .health = "none", .running = true, .restarts = 2
        };
        const WatchSigns signs = { .end = { .known = true, .code = 139 } };
        char text[128];

        (void) state;

        assert_int_equal(watch_judge(&container, &signs, true, text, sizeof(text)), WATCH_FAILED);
        assert_string_equal(text, "it was killed by SIGSEGV and was restarted");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(findings_are_as_the_engines_count),
                cmocka_unit_test(end_that_events_told_is_told_of_what_runs_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
