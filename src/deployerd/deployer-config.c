/* SPDX-License-Identifier: MIT */
/* deployerd.conf: see deployer-config.h. */
#include "deployerd/deployer-config.h"

#include <sys/un.h>

#include "shared/conf.h"
#include "shared/glob.h"
#include "shared/log.h"
#include "shared/protocol.h"

/* Longer spans than a day are slips of the pen. */
#define SPAN_MAX_USEC (24 * 3600 * USEC_PER_SEC)
/* The engine counts a container's grace in whole seconds. */
#define STOP_GRACE_MAX_USEC (3600 * USEC_PER_SEC)

static int parse_image_patterns(const char *value, void *field, const char **ret_expected) {
        char ***patterns = field;
        int r;

        r = conf_parse_strv(value, field, ret_expected);
        if (r < 0)
                return r;

        for (char **pattern = *patterns; pattern && *pattern; pattern++)
                if (glob_validate(*pattern, NULL, NULL) < 0) {
                        *ret_expected = "patterns over \"domain/path\", such as ghcr.io/acme/*";
                        return -EINVAL;
                }

        return 0;
}

static int parse_socket(const char *value, void *field, const char **ret_expected) {
        struct sockaddr_un address;

        if (!isempty(value) && (value[0] != '/' || strlen(value) >= sizeof(address.sun_path))) {
                *ret_expected = "the absolute path of a socket, at most 107 bytes";
                return -EINVAL;
        }

        return conf_parse_string(value, field, ret_expected);
}

static int parse_max_deploys(const char *value, void *field, const char **ret_expected) {
        unsigned count = 0;
        int r;

        r = conf_parse_unsigned(value, &count, ret_expected);
        if (r < 0)
                return r;

        if (count == 0 || count > DEPLOYS_MAX_LIMIT) {
                *ret_expected = "a number from 1 to 64";
                return -EINVAL;
        }

        *(unsigned *) field = count;
        return 0;
}

static int parse_span(const char *value, void *field, uint64_t max, const char **ret_expected) {
        uint64_t usec = 0;
        int r;

        r = conf_parse_sec(value, &usec, ret_expected);
        if (r < 0)
                return r;

        if (usec == 0 || usec > max) {
                *ret_expected = "a time span above zero, an hour at most for a grace and a day for others";
                return -EINVAL;
        }

        *(uint64_t *) field = usec;
        return 0;
}

static int parse_deadline(const char *value, void *field, const char **ret_expected) {
        return parse_span(value, field, SPAN_MAX_USEC, ret_expected);
}

static int parse_grace(const char *value, void *field, const char **ret_expected) {
        return parse_span(value, field, STOP_GRACE_MAX_USEC, ret_expected);
}

static const ConfKey keys[] = {
        { "Deployer", "AllowImages", parse_image_patterns, offsetof(DeployerConfig, allow_images) },
        { "Deployer", "Engine", parse_socket, offsetof(DeployerConfig, engine) },
        { "Deployer", "MaxDeploys", parse_max_deploys, offsetof(DeployerConfig, max_deploys) },
        { "Deployer", "DeployDeadlineSec", parse_deadline, offsetof(DeployerConfig, deploy_deadline_usec) },
        { "Deployer", "StableSec", parse_deadline, offsetof(DeployerConfig, stable_usec) },
        { "Deployer", "HealthDeadlineSec", parse_deadline, offsetof(DeployerConfig, health_deadline_usec) },
        { "Deployer", "StopGraceSec", parse_grace, offsetof(DeployerConfig, stop_grace_usec) },
        { "Deployer", "IdleTimeoutSec", parse_deadline, offsetof(DeployerConfig, idle_usec) },
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
