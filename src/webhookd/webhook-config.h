/* SPDX-License-Identifier: MIT */
/*
 * WebhookConfig: what root says in webhookd.conf, section [Webhook]. webhookd.c reads it once, at the start; delivery/ and bus/
 * look at it. It never changes afterwards, and holds no secret.
 */
#pragma once

#include <stdio.h>

#include "webhookd/store/hook.h"

typedef struct WebhookConfig {
        char *public_url;          /* PublicURL=, without a slash at its end; "" when unset */
        bool auto_create;          /* AutoCreate= */
        char **auto_create_images; /* AutoCreateImages=, glob patterns over "domain/path"; NULL: all */
        unsigned auto_create_max;  /* AutoCreateMax= */
        char **host_aliases;       /* HostAliases=, "from=to" each, see host-alias.h; NULL: none */
        unsigned max_queued;       /* MaxQueued= */
        unsigned max_deploys;      /* MaxDeploys=, at once */
        uint64_t retry_for_usec;   /* RetryForSec= */
        unsigned max_connections;  /* MaxConnections= */
        unsigned audit_per_sec;    /* AuditPerSec=; 0: without a limit */
        uint64_t idle_usec;        /* IdleTimeoutSec= */
        SignatureRule signature;   /* Signature=, of the main hook */
} WebhookConfig;

/* Reads `path` and its drop-ins over the defaults; logs what is wrong, and where. */
int webhook_config_load(const char *path, WebhookConfig *ret);
void webhook_config_done(WebhookConfig *config);

/* Prints what webhook_config_load() would read, as conf_print() does; logs what is wrong. */
int webhook_config_print(const char *path, FILE *file);
