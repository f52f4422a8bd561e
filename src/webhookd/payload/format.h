/* SPDX-License-Identifier: MIT */
/* PayloadFormat: how one registry or forge words a push. Each has a file of its own. */
#pragma once

#include "webhookd/payload/push-list.h"
#include "webhookd/request.h"

/* By what a format knows its own, the surer the higher: the highest wins, then the order of the table. */
typedef enum Recognition {
        RECOGNISED_NOT,
        RECOGNISED_BY_KEYS,
        RECOGNISED_BY_MEDIA_TYPE,
        RECOGNISED_BY_HEADER,
} Recognition;

/*
 * A format: whether this body, which may be any JSON, is its own, and what was pushed. decode() returns 0,
 * -ENOMEM, or, the generic one alone, -EBADMSG with the error filled.
 */
typedef struct PayloadFormat {
        const char *name;
        Recognition (*recognise)(const Request *request, const json_t *body);
        int (*decode)(const Request *request, const json_t *body, PushList *list, JsonError *ret_error);
} PayloadFormat;

extern const PayloadFormat payload_acr;
extern const PayloadFormat payload_aliyun;
extern const PayloadFormat payload_cloudevents;
extern const PayloadFormat payload_distribution;
extern const PayloadFormat payload_docker_hub;
extern const PayloadFormat payload_ecr;
extern const PayloadFormat payload_event_grid;
extern const PayloadFormat payload_forgejo;
extern const PayloadFormat payload_generic;
extern const PayloadFormat payload_gitea;
extern const PayloadFormat payload_github;
extern const PayloadFormat payload_gitlab;
extern const PayloadFormat payload_google;
extern const PayloadFormat payload_harbor;
extern const PayloadFormat payload_jfrog;
extern const PayloadFormat payload_nexus;
extern const PayloadFormat payload_quay;
extern const PayloadFormat payload_zot;
