/* SPDX-License-Identifier: MIT */
/*
 * Secret: the UUIDv4 in the URL of a hook. The store has it; this is its copy in memory, and the check. A request's check
 * and its enqueue happen in one turn of the loop, between two of which a secret may be replaced: a request that was
 * authentic can never be enqueued under a secret that is dead.
 */
#pragma once

#include "shared/macro.h"
#include "webhookd/hook/hook-path.h"
#include "webhookd/store/store.h"

/* An empty text is no secret: no path has it. */
typedef struct Secret {
        char text[UUID_TEXT_SIZE];
} Secret;

typedef enum SecretVerdict {
        SECRET_OK,
        SECRET_UNKNOWN,
} SecretVerdict;

/* A new secret from the kernel's random source, in memory only. */
int secret_make(Secret *ret);

/* Reads the main hook's secret from the store. */
int secret_load(Secret *secret, Store *store);

/* A new secret for the main hook, on disk when this returns; on failure the old one stays. */
int secret_regenerate(Secret *secret, Store *store);

/* Compares the path with that of the hook in time that depends on nothing. */
SecretVerdict secret_check(const Secret *secret, const HookPath *path);

/* WEBHOOK_URL_PREFIX and the secret, freshly allocated. Whoever has it, erases it: secret_path_free(). */
int secret_path(const Secret *secret, char **ret);
char *secret_path_free(char *path);
DEFINE_CLEANUP(char, secret_path_free)

void secret_erase(Secret *secret);
