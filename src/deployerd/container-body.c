/* SPDX-License-Identifier: MIT */
/* The body of container-create: see container-body.h. */
#include "deployerd/container-body.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/config-hash.h"
#include "deployerd/instance.h"
#include "shared/json.h"

/* The journal then has the fields CONTAINER_TAG= (the instance's final name) and, with Docker, ORG_TINYFORGE_PROJECT=. */
static json_t *log_config(const EngineQuirks *quirks, const char *tag) {
        if (quirks->log_labels)
                return json_pack("{s:s, s:{s:s, s:s}}", "Type", "journald", "Config", "tag", tag, "labels",
                                 LABEL_PROJECT "," LABEL_STAGE "," LABEL_DEPLOY);

        return json_pack("{s:s, s:{s:s}}", "Type", "journald", "Config", "tag", tag);
}

/* Everything that makes one configuration differ from another; NULL when out of memory. */
static json_t *body_configuration(const EngineQuirks *quirks, uint16_t port) {
        _cleanup_(json_freep) json_t *body = NULL;
        char key[16];

        body = json_pack("{s:{s:b, s:[s], s:{s:s}}}", "HostConfig", /**/
                         "Privileged", 0,                           /**/
                         "SecurityOpt", "no-new-privileges",        /**/
                         "RestartPolicy", "Name", quirks->restart_policy);
        if (!body || port == 0)
                return TAKE_PTR(body);

        (void) snprintf(key, sizeof(key), "%" PRIu16 "/tcp", port);
        if (json_object_set_new(body, "ExposedPorts", json_pack("{s:{}}", key)) < 0 ||
            json_object_set_new(json_object_get(body, "HostConfig"), "PortBindings",
                                json_pack("{s:[{s:s, s:s}]}", key, "HostIp", "127.0.0.1", "HostPort", "")) <
                            0)
                return NULL;

        return TAKE_PTR(body);
}

static json_t *body_labels(const DeployRequest *request, const char *digest, const char *hash) {
        char deploy[24];

        (void) snprintf(deploy, sizeof(deploy), "%" PRIu64, request->deploy_id);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", LABEL_PROJECT, request->project, LABEL_STAGE,
                         request->stage, LABEL_DEPLOY, deploy, LABEL_DIGEST, digest, LABEL_CONFIG, hash,
                         LABEL_STORE, request->store);
}

int container_body(const EngineQuirks *quirks, const DeployRequest *request, const char *digest,
                   uint16_t port, json_t **ret, char ret_hash[static CONFIG_HASH_SIZE]) {
        _cleanup_(json_freep) json_t *body = NULL, *image = NULL;
        char name[INSTANCE_NAME_SIZE];
        int r;

        assert(quirks);
        assert(request);
        assert(digest);
        assert(ret);

        body = body_configuration(quirks, port);
        if (!body)
                return -ENOMEM;

        r = config_hash(body, request->repository, ret_hash);
        if (r < 0)
                return r;

        instance_name(request->project, request->stage, request->deploy_id, /* pending= */ false, name);
        image = json_sprintf("%s@%s", request->repository, digest);
        if (!image || json_object_set(body, "Image", image) < 0 ||
            json_object_set_new(body, "Labels", body_labels(request, digest, ret_hash)) < 0 ||
            json_object_set_new(json_object_get(body, "HostConfig"), "LogConfig", log_config(quirks, name)) <
                            0)
                return -ENOMEM;

        *ret = TAKE_PTR(body);
        return 0;
}
