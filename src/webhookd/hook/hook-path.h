/* SPDX-License-Identifier: MIT */
/*
 * HookPath: a request's path in the one form in which it is compared with a secret. Clients, proxies and people write a URL in
 * more than one way, and whoever has the secret is no stranger: a query, slashes at the end or doubled, capitals,
 * %-encoding, and an address in front (RFC 9112, section 3.2.2) make no difference. Behind the secret may stand a deploy:
 * HOOK_DEPLOYS and its id. Pure.
 */
#pragma once

#include "shared/protocol.h"
#include "webhookd/request.h"
#include "webhookd/store/store.h"

#define HOOK_PATH_LENGTH (sizeof(WEBHOOK_URL_PREFIX) - 1 + UUID_TEXT_SIZE - 1)

/* What is between the secret and the id of a deploy. */
#define HOOK_DEPLOYS "/deploys/"

typedef struct HookPath {
        char text[HOOK_PATH_LENGTH]; /* without a NUL; the rest of a shorter one is 0 */
        bool fits;                   /* it has exactly that length, or a deploy follows */
        uint64_t deploy;             /* that deploy, or 0 */
} HookPath;

/* Takes a time that depends on `raw` alone. */
void hook_path_read(HookPath *path, Bytes raw);
