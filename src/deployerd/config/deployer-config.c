/* SPDX-License-Identifier: MIT */
/* deployerd.conf: see deployer-config.h. */
#include "deployerd/config/deployer-config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/un.h>

#include "shared/log.h"
#include "shared/protocol.h"

/* The engine counts a container's grace in whole seconds. */
#define STOP_GRACE_MAX_USEC (3600 * USEC_PER_SEC)
/* The successor's health and the retirement of the old are part of the deploy, and so is what is between. */
#define DRAIN_MAX_USEC (300 * USEC_PER_SEC)
/* Images of one stage that are kept at most. */
#define RETAIN_MAX 64U

static int parse_socket(const char *value, void *field, const char **ret_expected) {
        struct sockaddr_un address;

        if (!isempty(value) && (value[0] != '/' || strlen(value) >= sizeof(address.sun_path))) {
                *ret_expected = "the absolute path of a socket, at most 107 bytes";
                return -EINVAL;
        }

        return conf_parse_string(value, field, ret_expected);
}

/* The caller's own time-out has to be the longer one: the reply is the outcome. */
int deployer_parse_deploy_deadline(const char *value, void *field, const char **ret_expected) {
        return conf_parse_at_most(conf_parse_timeout, value, field, DEPLOY_DEADLINE_MAX_USEC,
                                  "a time span above zero, an hour at most", ret_expected);
}

int deployer_parse_stop_grace(const char *value, void *field, const char **ret_expected) {
        return conf_parse_at_most(conf_parse_timeout, value, field, STOP_GRACE_MAX_USEC,
                                  "a time span above zero, an hour at most", ret_expected);
}

/* Not to wait is a choice here. */
int deployer_parse_drain(const char *value, void *field, const char **ret_expected) {
        return conf_parse_at_most(conf_parse_sec, value, field, DRAIN_MAX_USEC, "a time span, 5min at most",
                                  ret_expected);
}

static int parse_retain(const char *value, void *field, const char **ret_expected) {
        unsigned count = 0;

        if (conf_parse_unsigned(value, &count, ret_expected) < 0 || count > RETAIN_MAX) {
                *ret_expected = "a number from 0 to 64";
                return -EINVAL;
        }

        *(unsigned *) field = count;
        return 0;
}

/* No name: what it resolves to would decide who can reach the containers. */
static int parse_address(const char *value, void *field, const char **ret_expected) {
        struct in6_addr address;

        if (inet_pton(AF_INET, value, &address) != 1 && inet_pton(AF_INET6, value, &address) != 1) {
                *ret_expected = "an IPv4 or IPv6 address";
                return -EINVAL;
        }

        return conf_parse_string(value, field, ret_expected);
}

static const ConfKey keys[] = {
        { "Deployer", "AllowImages", conf_parse_image_patterns, offsetof(DeployerConfig, allow_images), NULL,
          true },
        { "Deployer", "AutoCreateImages", conf_parse_image_patterns,
          offsetof(DeployerConfig, auto_create_images), NULL, true },
        { "Deployer", "PublishAddress", parse_address, offsetof(DeployerConfig, publish_address),
          "127.0.0.1", false },
        { "Deployer", "Engine", parse_socket, offsetof(DeployerConfig, engine), NULL, false },
        { "Deployer", "MaxDeploys", conf_parse_max_deploys, offsetof(DeployerConfig, max_deploys), "4",
          false },
        { "Deployer", "DeployDeadlineSec", deployer_parse_deploy_deadline,
          offsetof(DeployerConfig, deploy_deadline_usec), "15min", false },
        { "Deployer", "StableSec", conf_parse_timeout, offsetof(DeployerConfig, stable_usec), NULL, false },
        { "Deployer", "HealthDeadlineSec", conf_parse_timeout,
          offsetof(DeployerConfig, health_deadline_usec), "2min", false },
        { "Deployer", "ProbeIntervalSec", conf_parse_timeout, offsetof(DeployerConfig, probe_interval_usec),
          "500ms", false },
        { "Deployer", "ProbeTimeoutSec", conf_parse_timeout, offsetof(DeployerConfig, probe_timeout_usec),
          "5", false },
        { "Deployer", "Retain", parse_retain, offsetof(DeployerConfig, retain), "3", false },
        { "Deployer", "DrainSec", deployer_parse_drain, offsetof(DeployerConfig, drain_usec), "2", false },
        { "Deployer", "StopGraceSec", deployer_parse_stop_grace, offsetof(DeployerConfig, stop_grace_usec),
          "10", false },
        { "Deployer", "IdleTimeoutSec", conf_parse_timeout, offsetof(DeployerConfig, idle_usec), "60",
          false },
};

static void on_warning(const char *text, void *userdata) {
        (void) userdata;

        log_warning("%s", text);
}

/* What lies beside the file. */
static int find_beside(const char *path, const char *name, char **ret) {
        const char *slash = strrchr(path, '/');
        int length = slash ? (int) (slash + 1 - path) : 0;

        if (asprintf(ret, "%.*s%s", length, path, name) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

int deployer_config_load(const char *path, DeployerConfig *ret) {
        DeployerConfig config = { .engine = NULL };
        ConfProblem problem = { .text = "" };
        int r;

        assert(path);
        assert(ret);

        r = find_beside(path, "projects.d", &config.projects_dir);
        if (r >= 0)
                r = find_beside(path, "registries.json", &config.registries);
        if (r < 0) {
                deployer_config_done(&config);
                return log_oom();
        }

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

        strv_free(config->allow_images);
        strv_free(config->auto_create_images);
        free(config->publish_address);
        free(config->engine);
        free(config->projects_dir);
        free(config->registries);
        *config = (DeployerConfig){ .max_deploys = 0 };
}

int deployer_config_print(const char *path, FILE *file) {
        _cleanup_(deployer_config_done) DeployerConfig config = { .engine = NULL };
        ConfProblem problem = { .text = "" };
        int r;

        assert(path);
        assert(file);

        r = conf_print(path, keys, ELEMENTSOF(keys), &config, on_warning, NULL, file, &problem);
        return r < 0 ? log_error_errno(r, "Configuration refused: %s", problem.text) : 0;
}
