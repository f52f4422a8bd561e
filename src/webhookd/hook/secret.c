/* SPDX-License-Identifier: MIT */
/* Secrets of hooks: see secret.h. */
#include "webhookd/hook/secret.h"

#include <openssl/crypto.h>

#include "shared/protocol.h"

#define PREFIX_LENGTH (sizeof(WEBHOOK_URL_PREFIX) - 1)

int secret_make(Secret *ret) {
        assert(ret);

        return uuid_make(ret->text);
}

int secret_regenerate(Secret *secret, Store *store) {
        uint64_t generation;
        Secret fresh;
        int r;

        assert(secret);
        assert(store);

        r = secret_make(&fresh);
        if (r < 0)
                return r;

        r = store_set_secret(store, fresh.text, &generation);
        if (r >= 0)
                *secret = fresh;

        secret_erase(&fresh);
        return r < 0 ? r : 0;
}

int secret_load(Secret *secret, Store *store) {
        uint64_t generation;

        assert(secret);
        assert(store);

        return store_get_secret(store, secret->text, &generation);
}

SecretVerdict secret_check(const Secret *secret, const HookPath *path) {
        char wanted[HOOK_PATH_LENGTH];
        bool equal;

        assert(secret);
        assert(path);

        memcpy(wanted, WEBHOOK_URL_PREFIX, PREFIX_LENGTH);
        memcpy(wanted + PREFIX_LENGTH, secret->text, UUID_TEXT_SIZE - 1);

        /* The bytes are compared whatever the length, so that no path is refused sooner than another. */
        equal = CRYPTO_memcmp(wanted, path->text, sizeof(wanted)) == 0;
        explicit_bzero(wanted, sizeof(wanted));

        return equal && path->fits && secret->text[0] != '\0' ? SECRET_OK : SECRET_UNKNOWN;
}

int secret_path(const Secret *secret, char **ret) {
        assert(secret);
        assert(ret);

        if (asprintf(ret, "%s%s", WEBHOOK_URL_PREFIX, secret->text) < 0)
                return -ENOMEM;

        return 0;
}

char *secret_path_free(char *path) {
        if (path)
                explicit_bzero(path, strlen(path));
        free(path);
        return NULL;
}

void secret_erase(Secret *secret) {
        assert(secret);

        explicit_bzero(secret, sizeof(*secret));
}
