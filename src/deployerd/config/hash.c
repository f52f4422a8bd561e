/* SPDX-License-Identifier: MIT */
/* SHA-256 over sorted JSON, by libcrypto: see hash.h. */
#include "deployerd/config/hash.h"

#include <openssl/evp.h>
#include <stdio.h>

int config_hash_text(const char *text, char ret[static CONFIG_HASH_SIZE]) {
        unsigned char hash[EVP_MAX_MD_SIZE];
        unsigned size = 0;

        assert(text);

        if (EVP_Digest(text, strlen(text), hash, &size, EVP_sha256(), NULL) != 1 ||
            size * 2 + 1 != CONFIG_HASH_SIZE)
                return -EIO;

        for (unsigned i = 0; i < size; i++)
                (void) snprintf(ret + (size_t) 2 * i, 3, "%02x", hash[i]);
        return 0;
}

int config_hash(const json_t *configuration, const char *repository, char ret[static CONFIG_HASH_SIZE]) {
        _cleanup_free_ char *text = NULL, *whole = NULL;

        assert(configuration);
        assert(repository);

        text = json_dumps(configuration, JSON_COMPACT | JSON_SORT_KEYS);
        if (!text)
                return -ENOMEM;

        if (asprintf(&whole, "%s\n%s", repository, text) < 0) {
                whole = NULL;
                return -ENOMEM;
        }

        return config_hash_text(whole, ret);
}
