/* SPDX-License-Identifier: MIT */
/* webhookd.conf: see webhook-config.h. */
#include "webhookd/webhook-config.h"

#include "shared/conf/conf.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "webhookd/payload/host-alias.h"

/* A push that could not be pulled for so long is not what anybody wants any more. */
#define RETRY_FOR_MAX_USEC (30 * 24 * 3600 * USEC_PER_SEC)

static int parse_public_url(const char *value, void *field, const char **ret_expected) {
        char **url = field;
        size_t length;
        int r;

        if (!isempty(value) && strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) {
                *ret_expected = "a URL that begins with http:// or https://";
                return -EINVAL;
        }

        r = conf_parse_string(value, field, ret_expected);
        if (r < 0 || !*url)
                return r;

        for (length = strlen(*url); length > 0 && (*url)[length - 1] == '/'; length--)
                (*url)[length - 1] = '\0';

        return 0;
}

/* A number of things of which there must be at least one; `field` is an unsigned. */
static int parse_count(const char *value, void *field, const char **ret_expected) {
        unsigned count = 0;
        int r;

        r = conf_parse_unsigned(value, &count, ret_expected);
        if (r < 0)
                return r;

        if (count == 0 || count > 100000) {
                *ret_expected = "a number from 1 to 100000";
                return -EINVAL;
        }

        *(unsigned *) field = count;
        return 0;
}

static int parse_retry_for(const char *value, void *field, const char **ret_expected) {
        return conf_parse_at_most(conf_parse_sec, value, field, RETRY_FOR_MAX_USEC,
                                  "a time span, 30 days at most", ret_expected);
}

static int parse_signature(const char *value, void *field, const char **ret_expected) {
        int rule = signature_rule_from_string(value);

        if (rule < 0) {
                *ret_expected = "optional, required or none";
                return -EINVAL;
        }

        *(SignatureRule *) field = (SignatureRule) rule;
        return 0;
}

static int parse_host_aliases(const char *value, void *field, const char **ret_expected) {
        char ***aliases = field;
        size_t n = 0;
        int r;

        r = conf_parse_strv(value, field, ret_expected);
        if (r < 0)
                return r;

        for (; *aliases && (*aliases)[n]; n++) {
                if (!host_alias_is_valid((*aliases)[n])) {
                        *ret_expected = "pairs of hosts, such as registry:5000=registry.example.com";
                        return -EINVAL;
                }

                for (size_t i = 0; i < n; i++)
                        if (host_alias_is_same((*aliases)[i], (*aliases)[n])) {
                                *ret_expected = "one alias for each host";
                                return -EINVAL;
                        }
        }

        if (n > HOST_ALIASES_MAX) {
                *ret_expected = "64 aliases at most";
                return -EINVAL;
        }

        return 0;
}

static_assert(HOST_ALIASES_MAX == 64, "parse_host_aliases() tells this number");

static const ConfKey keys[] = {
        { "Webhook", "PublicURL", parse_public_url, offsetof(WebhookConfig, public_url), NULL, false },
        { "Webhook", "AutoCreate", conf_parse_bool, offsetof(WebhookConfig, auto_create), "yes", false },
        { "Webhook", "AutoCreateImages", conf_parse_image_patterns,
          offsetof(WebhookConfig, auto_create_images), NULL, true },
        { "Webhook", "AutoCreateMax", conf_parse_unsigned, offsetof(WebhookConfig, auto_create_max), "100",
          false },
        { "Webhook", "HostAliases", parse_host_aliases, offsetof(WebhookConfig, host_aliases), NULL, true },
        { "Webhook", "MaxQueued", parse_count, offsetof(WebhookConfig, max_queued), "1000", false },
        { "Webhook", "MaxDeploys", conf_parse_max_deploys, offsetof(WebhookConfig, max_deploys), "4",
          false },
        { "Webhook", "RetryForSec", parse_retry_for, offsetof(WebhookConfig, retry_for_usec), "2h", false },
        { "Webhook", "MaxConnections", parse_count, offsetof(WebhookConfig, max_connections), "512", false },
        { "Webhook", "AuditPerSec", conf_parse_unsigned, offsetof(WebhookConfig, audit_per_sec), "200",
          false },
        { "Webhook", "IdleTimeoutSec", conf_parse_timeout, offsetof(WebhookConfig, idle_usec), "60", false },
        { "Webhook", "Signature", parse_signature, offsetof(WebhookConfig, signature), "optional", false },
};

static void on_warning(const char *text, void *userdata) {
        (void) userdata;

        log_warning("%s", text);
}

int webhook_config_load(const char *path, WebhookConfig *ret) {
        WebhookConfig config = { .public_url = NULL };
        ConfProblem problem = { .text = "" };
        int r;

        assert(path);
        assert(ret);

        r = conf_load(path, keys, ELEMENTSOF(keys), &config, on_warning, NULL, &problem);
        if (r < 0) {
                webhook_config_done(&config);
                return log_error_errno(r, "Configuration refused: %s", problem.text);
        }

        if (!config.public_url) {
                config.public_url = strdup("");
                if (!config.public_url) {
                        webhook_config_done(&config);
                        return log_oom();
                }
        }

        *ret = config;
        return 0;
}

void webhook_config_done(WebhookConfig *config) {
        assert(config);

        free(config->public_url);
        config->public_url = NULL;
        config->auto_create_images = strv_free(config->auto_create_images);
        config->host_aliases = strv_free(config->host_aliases);
}

int webhook_config_print(const char *path, FILE *file) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };
        ConfProblem problem = { .text = "" };
        int r;

        assert(path);
        assert(file);

        r = conf_print(path, keys, ELEMENTSOF(keys), &config, on_warning, NULL, file, &problem);
        return r < 0 ? log_error_errno(r, "Configuration refused: %s", problem.text) : 0;
}
