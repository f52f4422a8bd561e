/* SPDX-License-Identifier: MIT */
/* deployerd.conf: see deployer-config.h. */
#include "deployerd/deployer-config.h"

#include <sys/un.h>

#include "shared/conf.h"
#include "shared/log.h"
#include "shared/protocol.h"

/* The engine counts a container's grace in whole seconds. */
#define STOP_GRACE_MAX_USEC (3600 * USEC_PER_SEC)
/* What is left of the caller's time-out for ending a deploy that is over its deadline. */
#define DEADLINE_MARGIN_USEC (60 * USEC_PER_SEC)

static int parse_socket(const char *value, void *field, const char **ret_expected) {
        struct sockaddr_un address;

        if (!isempty(value) && (value[0] != '/' || strlen(value) >= sizeof(address.sun_path))) {
                *ret_expected = "the absolute path of a socket, at most 107 bytes";
                return -EINVAL;
        }

        return conf_parse_string(value, field, ret_expected);
}

static int parse_below(const char *value, void *field, uint64_t max, const char *expected,
                       const char **ret_expected) {
        uint64_t usec = 0;
        int r;

        r = conf_parse_timeout(value, &usec, ret_expected);
        if (r < 0)
                return r;

        if (usec > max) {
                *ret_expected = expected;
                return -EINVAL;
        }

        *(uint64_t *) field = usec;
        return 0;
}

/* The caller's own time-out has to be the longer one: the reply is the outcome. */
static int parse_deploy_deadline(const char *value, void *field, const char **ret_expected) {
        return parse_below(value, field, TRIGGER_DEPLOY_TIMEOUT_USEC - DEADLINE_MARGIN_USEC,
                           "a time span above zero, 19min at most", ret_expected);
}

static int parse_stop_grace(const char *value, void *field, const char **ret_expected) {
        return parse_below(value, field, STOP_GRACE_MAX_USEC, "a time span above zero, an hour at most",
                           ret_expected);
}

static const ConfKey keys[] = {
        { "Deployer", "AllowImages", conf_parse_image_patterns, offsetof(DeployerConfig, allow_images) },
        { "Deployer", "Engine", parse_socket, offsetof(DeployerConfig, engine) },
        { "Deployer", "MaxDeploys", conf_parse_max_deploys, offsetof(DeployerConfig, max_deploys) },
        { "Deployer", "DeployDeadlineSec", parse_deploy_deadline,
          offsetof(DeployerConfig, deploy_deadline_usec) },
        { "Deployer", "StableSec", conf_parse_timeout, offsetof(DeployerConfig, stable_usec) },
        { "Deployer", "HealthDeadlineSec", conf_parse_timeout,
          offsetof(DeployerConfig, health_deadline_usec) },
        { "Deployer", "StopGraceSec", parse_stop_grace, offsetof(DeployerConfig, stop_grace_usec) },
        { "Deployer", "IdleTimeoutSec", conf_parse_timeout, offsetof(DeployerConfig, idle_usec) },
};

static void on_warning(const char *text, void *userdata) {
        (void) userdata;

        log_warning("%s", text);
}

int deployer_config_load(const char *path, DeployerConfig *ret) {
        DeployerConfig config = {
                .max_deploys = DEPLOYS_MAX_DEFAULT,
                .deploy_deadline_usec = DEPLOY_DEADLINE_USEC,
                .stable_usec = 3 * USEC_PER_SEC,
                .health_deadline_usec = 120 * USEC_PER_SEC,
                .stop_grace_usec = 10 * USEC_PER_SEC,
                .idle_usec = IDLE_TIMEOUT_USEC,
        };
        ConfProblem problem = { .text = "" };
        int r;

        assert(path);
        assert(ret);

        r = conf_load(path, keys, ELEMENTSOF(keys), &config, on_warning, NULL, &problem);
        if (r < 0) {
                deployer_config_done(&config);
                return log_error_errno(r, "Configuration refused: %s", problem.text);
        }

        *ret = config;
        return 0;
}

void deployer_config_done(DeployerConfig *config) {
        assert(config);

        config->allow_images = strv_free(config->allow_images);
        free(config->engine);
        config->engine = NULL;
}
