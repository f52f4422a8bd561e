/* SPDX-License-Identifier: MIT */
/*
 * Creating a project for an image that nobody has named before: within root's rules, in the transaction of the request.
 */
#pragma once

#include "shared/image-ref.h"
#include "webhookd/store/store.h"
#include "webhookd/webhook-config.h"

typedef enum AutocreateVerdict {
        AUTOCREATE_CREATED,
        AUTOCREATE_OFF,         /* AutoCreate=no */
        AUTOCREATE_NOT_ALLOWED, /* none of AutoCreateImages= */
        AUTOCREATE_LIMIT,       /* AutoCreateMax= projects were created this way */
} AutocreateVerdict;

/* Why there is no project, for the sender and the journal: "auto-create-off", …; NULL for AUTOCREATE_CREATED. */
const char *autocreate_reason(AutocreateVerdict verdict);

/*
 * Creates the project and its stage "dev" for the repository of `ref`, which the store must not know yet. The name is
 * the last component of the path, made valid, with a number where it is taken. With AUTOCREATE_CREATED `*ret_name` is
 * the project's name (owned by the caller).
 */
int autocreate_project(Store *store, const WebhookConfig *config, const ImageRef *ref, char **ret_name,
                       AutocreateVerdict *ret_verdict);
