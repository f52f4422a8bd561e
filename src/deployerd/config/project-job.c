/* SPDX-License-Identifier: MIT */
/* Keys that a job cannot have: see project-job.h. */
#include "deployerd/config/project-job.h"

#include "shared/json.h"

/* Paths from a part on, each ending with a NULL; "*" is each member. */
static const char *const refused[][6] = {
        { "healthcheck", NULL },
        { "postdeploy", NULL },
        { "predeploy", NULL },
        { "replace", NULL },
        { "watch", NULL },
        { "limits", "drain", NULL },
        { "limits", "health", NULL },
        { "limits", "stable", NULL },
        { "container", "ExposedPorts", NULL },
        { "container", "Healthcheck", NULL },
        { "container", "HostConfig", "PortBindings", NULL },
        { "container", "HostConfig", "PublishAllPorts", NULL },
        { "container", "HostConfig", "RestartPolicy", NULL },
        { "container", "NetworkingConfig", "EndpointsConfig", "*", "Aliases", NULL },
};

/* A null takes away, which is no harm. */
static int check_path(ProjectReader *reader, const char *pointer, const json_t *value,
                      const char *const *path) {
        char place[JSON_POINTER_SIZE];
        const char *key;
        json_t *item;

        if (!*path)
                return json_is_null(value)
                                       ? 0
                                       : project_reader_fail(
                                                         reader, -EBADMSG,
                                                         ": %s: has no meaning for a job, which runs to its end",
                                                         pointer);

        json_object_foreach((json_t *) (uintptr_t) value, key, item) {
                int r;

                if (!streq(*path, "*") && !streq(*path, key))
                        continue;

                json_pointer_append(pointer, key, place);
                r = check_path(reader, place, item, path + 1);
                if (r < 0)
                        return r;
        }

        return 0;
}

int project_job_check(ProjectReader *reader, const char *pointer, const json_t *part, const char *kind) {
        int r = 0;

        assert(reader);
        assert(pointer);

        if (!streq(strempty(kind), "job"))
                return 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(refused); i++)
                r = check_path(reader, pointer, part, refused[i]);

        return r;
}

void project_job_settle(ProjectConfig *config) {
        assert(config);

        if (config->kind != PROJECT_JOB) {
                config->limits.set &= ~(1U << PROJECT_LIMIT_RUN);
                return;
        }

        project_command_done(&config->predeploy);
        project_command_done(&config->postdeploy);
        config->watch_usec = 0;
        config->job.timeout_usec = project_limits_run(&config->limits);
}
