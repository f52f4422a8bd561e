/* SPDX-License-Identifier: MIT */
/* The body of a command's container: see command-body.h. */
#include "deployerd/deploy/command-body.h"

#include "deployerd/config/merge-patch.h"
#include "deployerd/config/project-env.h"
#include "deployerd/deploy/instance.h"
#include "shared/json.h"

static const char *const kinds[] = {
        [COMMAND_PREDEPLOY] = "predeploy",
        [COMMAND_POSTDEPLOY] = "postdeploy",
        [COMMAND_JOB] = "job",
};
static_assert(ELEMENTSOF(kinds) == _COMMAND_MAX, "each kind has its name");

const char *command_kind_to_string(CommandKind kind) {
        assert(kind < _COMMAND_MAX);

        return kinds[kind];
}

const ProjectCommand *command_of(const ProjectConfig *project, CommandKind kind) {
        assert(project);

        return kind == COMMAND_PREDEPLOY ? &project->predeploy
               : kind == COMMAND_JOB     ? &project->job
                                         : &project->postdeploy;
}

static void remove_keys(json_t *object, const char *const *keys) {
        for (; *keys; keys++)
                (void) json_object_del(object, *keys);
}

/* By any of these the old container is known, or the new one will be. */
static void remove_names(json_t *body) {
        static const char *const own[] = { "ExposedPorts", "Hostname", "Domainname", "MacAddress", NULL };
        static const char *const host[] = { "PortBindings", "PublishAllPorts", NULL };
        static const char *const endpoint[] = { "Aliases", "IPAMConfig", "MacAddress", NULL };
        const char *name;
        json_t *network;

        remove_keys(body, own);
        remove_keys(json_object_get(body, "HostConfig"), host);
        json_object_foreach(json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig"),
                            name, network)
                remove_keys(network, endpoint);
}

/* A proxy that goes by labels would send requests to it, and whatever else goes by them would count it. */
static int keep_own_labels(json_t *body, CommandKind kind) {
        json_t *labels = json_object_get(body, "Labels"), *value;
        const char *key;
        void *next;

        json_object_foreach_safe(labels, next, key, value) if (strncmp(key, "org.tinyforge.",
                                                                       strlen("org.tinyforge.")) != 0)(void)
                        json_object_del(labels, key);

        return json_object_set_new(labels, LABEL_COMMAND, json_string(command_kind_to_string(kind))) < 0
                               ? -ENOMEM
                               : 0;
}

/* It runs once, and its end is all that is asked for. */
static int run_once(json_t *body) {
        json_t *host = json_object_get(body, "HostConfig");

        return json_object_set_new(host, "RestartPolicy", json_pack("{s:s}", "Name", "no")) < 0 ||
                                               json_object_set_new(body, "Healthcheck",
                                                                   json_pack("{s:[s]}", "Test", "NONE")) < 0
                               ? -ENOMEM
                               : 0;
}

/* What only the deployer says stays as it is, whatever the patch says. */
static int patch(json_t **body, const ProjectCommand *command) {
        static const char *const own[] = { "Image", "Labels" };
        json_t *patched = NULL;
        int r;

        if (!command->container)
                return 0;

        r = merge_patch(*body, command->container, &patched);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                json_t *ours = json_object_get(*body, own[i]), *labels = json_object_get(patched, own[i]);

                r = json_is_object(labels) ? json_object_update(labels, ours)
                                           : json_object_set(patched, own[i], ours);
                if (r < 0) {
                        json_decref(patched);
                        return -ENOMEM;
                }
        }

        json_decref(*body);
        *body = patched;
        return 0;
}

int command_body(const json_t *body, const ProjectConfig *project, CommandKind kind, json_t **ret) {
        const ProjectCommand *command = command_of(project, kind);
        _cleanup_(json_freep) json_t *own = NULL;
        int r;

        assert(body);
        assert(project);
        assert(ret);

        own = json_deep_copy(body);
        if (!own)
                return -ENOMEM;

        remove_names(own);
        r = keep_own_labels(own, kind);
        if (r >= 0)
                r = patch(&own, command);
        if (r >= 0)
                r = run_once(own);
        if (r >= 0)
                r = project_env_apply(project, own);
        if (r >= 0 && command->words)
                r = json_object_set(own, "Cmd", command->words) < 0 ? -ENOMEM : 0;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(own);
        return 0;
}
