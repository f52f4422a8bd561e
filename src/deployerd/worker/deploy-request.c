/* SPDX-License-Identifier: MIT */
/* The checks of what TriggerDeploy is told: see deploy-request.h. */
#include "deployerd/worker/deploy-request.h"

#include "shared/healthcheck.h"
#include "shared/name.h"
#include "shared/protocol.h"

/* The layout of RFC 9562, in small letters as every store of ours writes it. */
bool deploy_store_is_valid(const char *text) {
        assert(text);

        if (strlen(text) != UUID_LENGTH)
                return false;

        for (size_t i = 0; i < UUID_LENGTH; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;
                bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');

                if (dash ? text[i] != '-' : !hex)
                        return false;
        }

        return true;
}

static const char *options_problem(const DeployOptions *options) {
        if (options->deploy_id == 0)
                return "DeployId is required and above zero";
        if (!options->store || !deploy_store_is_valid(options->store))
                return "Store is required and a UUID in small letters";
        if (!healthcheck_is_valid(strempty(options->healthcheck)))
                return "Healthcheck is " HEALTHCHECK_FORMS;

        if (options->failed_digest && !image_digest_is_valid(options->failed_digest))
                return "FailedDigest is a digest: sha256: and 64 characters of hex";

        return NULL;
}

int deploy_image_parse(const char *text, ImageRef **ret, const char **ret_reason) {
        _cleanup_(image_ref_freep) ImageRef *image = NULL;
        int r;

        assert(text);
        assert(ret);

        r = image_ref_parse(text, &image, ret_reason);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADF;

        if (!image->tag && !image->digest) {
                image->tag = strdup("latest");
                if (!image->tag)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(image);
        return 0;
}

int deploy_request_new(const char *project, const char *stage, const char *image,
                       const DeployOptions *options, DeployRequest **ret, const char **ret_reason) {
        _cleanup_(deploy_request_freep) DeployRequest *request = NULL;
        const char *problem;
        int r;

        assert(project && stage && image);
        assert(options);
        assert(ret);
        assert(ret_reason);

        if (!name_is_valid(project) || !name_is_valid(stage)) {
                *ret_reason = "a name is [a-z0-9][a-z0-9_-]*, at most 63 characters";
                return -EBADR;
        }

        problem = options_problem(options);
        if (problem) {
                *ret_reason = problem;
                return -EINVAL;
        }

        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;

        r = deploy_image_parse(image, &request->image, ret_reason);
        if (r >= 0)
                r = image_ref_repository(request->image, &request->repository);
        if (r >= 0)
                r = image_ref_format(request->image, &request->text);
        if (r < 0)
                return r;

        request->project = strdup(project);
        request->stage = strdup(stage);
        request->store = strdup(options->store);
        request->healthcheck = strdup(strempty(options->healthcheck));
        if (!request->project || !request->stage || !request->store || !request->healthcheck)
                return -ENOMEM;

        if (options->failed_digest) {
                request->failed_digest = strdup(options->failed_digest);
                if (!request->failed_digest)
                        return -ENOMEM;
        }

        request->deploy_id = options->deploy_id;
        request->port = options->port;
        request->undo = options->undo;
        request->show_secrets = options->show_secrets;
        request->force = options->force;
        request->local = options->local;
        request->rollback = options->rollback;
        request->max_instances = options->max_instances < 1                     ? 1
                                 : options->max_instances > MAX_INSTANCES_LIMIT ? MAX_INSTANCES_LIMIT
                                                                                : options->max_instances;
        *ret = TAKE_PTR(request);
        return 0;
}

DeployRequest *deploy_request_free(DeployRequest *request) {
        if (!request)
                return NULL;

        free(request->project);
        free(request->stage);
        image_ref_free(request->image);
        free(request->repository);
        free(request->text);
        free(request->store);
        free(request->healthcheck);
        free(request->failed_digest);
        free(request);
        return NULL;
}
