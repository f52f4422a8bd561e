/* SPDX-License-Identifier: MIT */
/*
 * The audit events: name, MESSAGE_ID, journal priority, and what happened. The journal catalog
 * (catalog/tinyforge.catalog) explains each to `journalctl -x`; a test compares the two. An id never changes
 * its meaning; a new event gets a new one (`systemd-id128 new`).
 */
#pragma once

/* clang-format off */
#define EVENT_TABLE(X) \
        X(DELIVERY_ACCEPTED,   "cac54cda011d4534b7c30db3e5673f35", LOG_INFO,    "a delivery was accepted and a deploy is queued") \
        X(DELIVERY_IGNORED,    "3dea7863062647dab7bda8253ad713c6", LOG_INFO,    "an authentic delivery had nothing to deploy") \
        X(DELIVERY_REJECTED,   "24c00dee26a249ba9f12eed82378b89b", LOG_WARNING, "requests were refused (rate-limited, with a count)") \
        X(DELIVERIES_COUNTED,  "a96d18bca6a54b60b15e9d28f98194a0", LOG_INFO,    "entries of a flood of deliveries that were counted instead of written") \
        X(PROJECT_CREATED,     "8ea49edc596b4371a0e183bd1b81765f", LOG_NOTICE,  "a project was created, by a delivery or a person") \
        X(PROJECT_CHANGED,     "110ebb87be8b4d3fb25c0c68d63cba88", LOG_NOTICE,  "a project was given another image, port or health check") \
        X(PROJECT_REMOVED,     "afc79bc68af141a981534c797a86fc91", LOG_NOTICE,  "a project and what was known of it was removed") \
        X(STAGE_CHANGED,       "67b13cb457de43baa25cb19e3b1f1cb2", LOG_NOTICE,  "a stage was made or set") \
        X(STAGE_REMOVED,       "3751f955ccbd4a7799bf5ffc6091d8b8", LOG_NOTICE,  "a stage and what was known of it was removed") \
        X(SECRET_CREATED,      "e1dde8aa617d46dbb1149a70a8822949", LOG_NOTICE,  "the first secret was made") \
        X(SECRET_REGENERATED,  "e030c40d9dcd436baeccd94c71d1f15d", LOG_NOTICE,  "the secret was replaced") \
        X(HOOK_CREATED,        "6ade5c2f9b5b49f29b49041b305cc014", LOG_NOTICE,  "a hook was made") \
        X(HOOK_ROTATED,        "6d24d87a6b184fd3a4a0ef7c6d2837d3", LOG_NOTICE,  "the secret of a hook was replaced") \
        X(HOOK_REMOVED,        "7881723a4b0340d3baf937eb9e164267", LOG_NOTICE,  "a hook was removed") \
        X(DEPLOY_STARTED,      "93079a56005b4eb5aed733dc81188b93", LOG_INFO,    "a deploy was handed to the deployer") \
        X(DEPLOY_SUCCEEDED,    "43351df3e36440e092ea9d9c7936aca4", LOG_NOTICE,  "the new version runs") \
        X(DEPLOY_UNCHANGED,    "592093f8786946ac987c96141946ddc5", LOG_INFO,    "the version asked for runs already") \
        X(DEPLOY_ROLLED_BACK,  "93b32ab30c4c4369a9f7473a5f384fb5", LOG_WARNING, "the new version did not come up, the old one keeps running") \
        X(DEPLOY_FAILED,       "edba377ce6b94de7b157dadcd70db640", LOG_ERR,     "a deploy ended without a running new version") \
        X(DEPLOY_SUPERSEDED,   "3f11ece0ec9147b2b12376d496bb8263", LOG_INFO,    "a newer push took the place of a queued deploy") \
        X(DEPLOY_CANCELLED,    "52e5c9ffbc734b6aafb4f77e797aeeb3", LOG_NOTICE,  "a deploy was cancelled, what ran before keeps running") \
        X(POSTDEPLOY_FAILED,   "7a1777e37f7f42b6819922bd5344c91c", LOG_WARNING, "the command after the switch failed, the new version runs") \
        X(DEPLOY_RETRIED,      "fdd96cb1462a45a5b5549c48bfa53fff", LOG_WARNING, "a deploy was put back into the queue") \
        X(WATCH_HELD,          "8a7114a89d354edfbc98f7b8bfccea02", LOG_INFO,    "a new version was watched, and has held") \
        X(WATCH_FAILED,        "3a3e4ddd3eb54b149b9afdfb107c6c20", LOG_ERR,     "a new version failed while it was watched") \
        X(WATCH_GONE,          "0e52237e4e4545c0a956195bee44cd8c", LOG_NOTICE,  "a container that was watched was stopped or removed by somebody") \
        X(STAGE_TAKE_OVER,     "fb513930030b4ea2917f17b0db74d395", LOG_NOTICE,  "the next deploy of a stage replaces what another store has there") \
        X(ENGINE_NOTED,        "dc800f0dd8b842aaaed2aab4b1ec2385", LOG_NOTICE,  "deploys are in this engine from now on") \
        X(STORE_UNUSABLE,      "d6ae8ef1d68c49659c995fd2ba223c73", LOG_CRIT,    "the store cannot be used, and nothing is accepted") \
        X(POLICY_REFUSED,      "b6e2fcea7691499c920647fc53f5252b", LOG_WARNING, "the deployer's own policy refused a request") \
        X(TLS_UNUSABLE,        "90ba5de7d33c4609b9fb72dc30dbdbaa", LOG_ERR,     "the TLS socket is closed, since its certificate or key cannot be used")
/* clang-format on */

typedef enum EventId {
#define X(name, id, priority, text) EVENT_##name,
        EVENT_TABLE(X)
#undef X
                        _EVENT_MAX,
} EventId;
