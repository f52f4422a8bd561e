/* SPDX-License-Identifier: MIT */
/*
 * Who the engine is to be for a registry: from a config.json as `docker login` writes it, a file of root's that is read each time,
 * or a credential of systemd, which is as it was when the daemon started. What is secret here is in no log, error, argument or environment, and is erased after its use.
 */
#pragma once

#include <jansson.h>

#include "deployerd/worker/worker.h"
#include "shared/image-ref.h"

/* The name of the credential, and the most that is read of it. */
#define REGISTRY_CREDENTIAL     "config.json"
#define REGISTRY_CREDENTIAL_MAX (1024U * 1024U)

/*
 * The line of the header X-Registry-Auth for the registry of `ref`, freshly allocated, to be released with
 * registry_auth_erasep(); NULL where there is no login for this registry. The file at `path` (NULL: none) comes before the
 * credential. -EBADMSG: one of them cannot be used, -EPERM: the file is not root's alone; worker_error() says why; errors of reading it; -ENOMEM.
 */
int registry_auth_header(Worker *worker, const char *path, const ImageRef *ref, char **ret);

/*
 * The value of that header, of a config.json that was read already. `*ret_problem` is a static or borrowed sentence for -EBADMSG, and stays
 * good as long as `config`. Pure.
 */
int registry_auth_from_json(const json_t *config, const ImageRef *ref, char **ret, const char **ret_problem);

/* Overwrites and frees. */
void registry_auth_erasep(char **header);
