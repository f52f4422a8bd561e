/* SPDX-License-Identifier: MIT */
/* The body of container-create: see container-body.h. */
#include "deployerd/deploy/container-body.h"
#include "deployerd/deploy/network-mode.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/config/hash.h"
#include "deployerd/config/merge-patch.h"
#include "deployerd/config/project-env.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/volumes.h"
#include "shared/json.h"

/*
 * Stands for our log driver, which names the container and so differs from deploy to deploy, until the patches are through: what
 * they leave of it is ours, what they remove is the engine's own choice.
 */
#define OWN_LOG 1

/* The journal then has the fields CONTAINER_TAG= (the instance's final name) and, with Docker, ORG_TINYFORGE_PROJECT=. */
static json_t *log_config(const EngineQuirks *quirks, const char *tag) {
        if (quirks->log_labels)
                return json_pack("{s:s, s:{s:s, s:s}}", "Type", "journald", "Config", "tag", tag, "labels",
                                 LABEL_PROJECT "," LABEL_STAGE "," LABEL_DEPLOY);

        return json_pack("{s:s, s:{s:s}}", "Type", "journald", "Config", "tag", tag);
}

static bool network_mode_publishes(const char *mode) {
        return isempty(mode) || (!streq(mode, "host") && !streq(mode, "none") && !network_mode_owner(mode));
}

/* What a container gets of which nobody says anything; NULL when out of memory. */
static json_t *body_default(const EngineQuirks *quirks, const char *address, uint16_t port) {
        _cleanup_(json_freep) json_t *body = NULL;
        char key[16];

        body = json_pack("{s:{s:b, s:[s], s:{s:s}, s:b}}", "HostConfig", /**/
                         "Privileged", 0,                                /**/
                         "SecurityOpt", "no-new-privileges",             /**/
                         "RestartPolicy", "Name", quirks->restart_policy, "LogConfig", OWN_LOG);
        if (!body || port == 0)
                return TAKE_PTR(body);

        (void) snprintf(key, sizeof(key), "%" PRIu16 "/tcp", port);
        if (json_object_set_new(body, "ExposedPorts", json_pack("{s:{}}", key)) < 0 ||
            json_object_set_new(json_object_get(body, "HostConfig"), "PortBindings",
                                json_pack("{s:[{s:s, s:s}]}", key, "HostIp", address, "HostPort", "")) < 0)
                return NULL;

        return TAKE_PTR(body);
}

/* The default, and what root makes of it. */
static int body_merge(const EngineQuirks *quirks, const ProjectConfig *project, const char *address,
                      uint16_t port, json_t **ret) {
        _cleanup_(json_freep) json_t *body = NULL;

        body = body_default(quirks, address, port);
        if (!body)
                return -ENOMEM;

        /* One patch after the other: two that are merged into one would have lost what the first one removes. */
        for (size_t i = 0; i < json_array_size(project->container); i++) {
                json_t *merged = NULL;
                int r;

                r = merge_patch(body, json_array_get(project->container, i), &merged);
                if (r < 0)
                        return r;

                json_decref(body);
                body = merged;
        }

        *ret = TAKE_PTR(body);
        return 0;
}

/* Everything that makes one configuration differ from another. */
static int body_configuration(const EngineQuirks *quirks, const ProjectConfig *project, const char *address,
                              uint16_t port, json_t **ret) {
        _cleanup_(json_freep) json_t *body = NULL;
        int r;

        r = body_merge(quirks, project, address, port, &body);
        if (r < 0)
                return r;

        /* A network that is another's, the host's or none at all publishes nothing, and engines refuse to be asked for it. */
        if (port > 0 &&
            !network_mode_publishes(json_string_value(json_path(body, "HostConfig", "NetworkMode", NULL)))) {
                json_decref(body);
                body = NULL;
                r = body_merge(quirks, project, address, 0, &body);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(body);
        return 0;
}

/* What is left of OWN_LOG is no part of the configuration; that it was removed is, and is told by a null. */
static int body_settle_log(json_t *body, bool *ret_own) {
        json_t *host = json_object_get(body, "HostConfig"), *log = json_object_get(host, "LogConfig");

        *ret_own = json_is_true(log);
        if (*ret_own)
                return json_object_del(host, "LogConfig") < 0 ? -ENOMEM : 0;

        return log || json_object_set_new(host, "LogConfig", json_null()) >= 0 ? 0 : -ENOMEM;
}

static json_t *own_labels(const DeployRequest *request, const BodyImage *image, const char *hash) {
        char deploy[24], port[8];

        (void) snprintf(deploy, sizeof(deploy), "%" PRIu64, request->deploy_id);
        (void) snprintf(port, sizeof(port), "%" PRIu16, image->port);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", LABEL_PROJECT, request->project,
                         LABEL_STAGE, request->stage, LABEL_DEPLOY, deploy, LABEL_DIGEST, image->digest,
                         LABEL_CONFIG, hash, LABEL_STORE, request->store, LABEL_PORT,
                         image->port > 0 ? port : NULL);
}

static int body_set_labels(json_t *body, const DeployRequest *request, const BodyImage *image,
                           const char *hash) {
        _cleanup_(json_freep) json_t *own = own_labels(request, image, hash);
        json_t *labels = json_object_get(body, "Labels");

        if (!own)
                return -ENOMEM;
        if (!json_is_object(labels))
                return json_object_set(body, "Labels", own) < 0 ? -ENOMEM : 0;

        return json_object_update(labels, own) < 0 ? -ENOMEM : 0;
}

static int body_set_log(json_t *body, const EngineQuirks *quirks, const DeployRequest *request, bool own) {
        json_t *host = json_object_get(body, "HostConfig");
        char name[INSTANCE_NAME_SIZE];

        if (!own && json_is_null(json_object_get(host, "LogConfig")))
                return json_object_del(host, "LogConfig") < 0 ? -ENOMEM : 0;
        if (!own)
                return 0;

        instance_name(request->project, request->stage, request->deploy_id, /* pending= */ false, name);
        return json_object_set_new(host, "LogConfig", log_config(quirks, name)) < 0 ? -ENOMEM : 0;
}

/* The container tells whoever stops it, the engine included, how long that may take. */
static int body_set_stop(json_t *body, uint64_t grace_usec) {
        if (json_object_get(body, "StopTimeout"))
                return 0;

        return json_object_set_new(body, "StopTimeout",
                                   json_integer((json_int_t) ((grace_usec + USEC_PER_SEC - 1) /
                                                              USEC_PER_SEC))) < 0
                               ? -ENOMEM
                               : 0;
}

int container_body(const EngineQuirks *quirks, const DeployRequest *request, const ProjectConfig *project,
                   const DeployerConfig *config, const BodyImage *image, const Container *runs, json_t **ret,
                   char ret_hash[static CONFIG_HASH_SIZE]) {
        VolumePlan volumes = { .project = request->project,
                               .stage = request->stage,
                               .wishes = project->volumes };
        _cleanup_(json_freep) json_t *body = NULL;
        bool own_log = false;
        int r;

        assert(quirks);
        assert(request);
        assert(project);
        assert(config && config->publish_address);
        assert(image && image->digest);
        assert(ret);

        volumes.paths = image->volumes;
        volumes.noted = image->noted_volumes;
        volumes.lent = image->lent_volumes;
        volumes.runs = runs;
        r = body_configuration(quirks, project, config->publish_address, image->port, &body);
        if (r >= 0)
                r = project_env_apply(project, body);
        if (r >= 0)
                r = volumes_mount(body, &volumes);
        if (r >= 0)
                r = body_settle_log(body, &own_log);
        /* The project's own time to end is part of it; that of all is none, so that nothing is replaced for its sake. */
        if (r >= 0 && (project->limits.set & 1U << PROJECT_LIMIT_STOP) != 0)
                r = body_set_stop(body, config->stop_grace_usec);
        if (r >= 0)
                r = config_hash(body, request->repository, ret_hash);
        if (r < 0)
                return r;

        if (json_object_set_new(body, "Image",
                                json_sprintf("%s%c%s", request->repository, image->tag ? ':' : '@',
                                             image->tag ? image->tag : image->digest)) < 0)
                return -ENOMEM;

        r = body_set_labels(body, request, image, ret_hash);
        if (r >= 0)
                r = body_set_log(body, quirks, request, own_log);
        if (r >= 0)
                r = body_set_stop(body, config->stop_grace_usec);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(body);
        return 0;
}

bool container_body_has_healthcheck(const json_t *body, bool image_has) {
        const json_t *test = json_path(body, "Healthcheck", "Test", NULL);
        const char *kind = json_string_value(json_array_get(test, 0));

        /* An empty test is the image's. */
        return isempty(kind) ? image_has : !streq(kind, "NONE");
}

json_t *container_body_healthcheck(const json_t *body, const json_t *image_check) {
        json_t *own = json_object_get(body, "Healthcheck"), *check;
        const char *key;
        json_t *value;

        if (!own || json_array_size(json_object_get(own, "Test")) > 0)
                return json_incref(own ? own : (json_t *) (uintptr_t) image_check);

        check = image_check ? json_copy((json_t *) (uintptr_t) image_check) : NULL;
        json_object_foreach(own, key, value)
                if (json_integer_value(value) > 0)
                        (void) json_object_set(check, key, value);

        return check;
}
