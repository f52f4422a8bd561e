/* SPDX-License-Identifier: MIT */
/* Keys of senders, from a credential: see signature-key.h. */
#include "webhookd/hook/signature-key.h"

#include <openssl/evp.h>

#include "shared/conf/credential.h"

#define STANDARD_PREFIX "whsec_"
/* What base64 needs for the longest key; EVP_DecodeBlock() writes the padding as well. */
#define DECODED_MAX (SIGNATURE_KEY_MAX / 4 * 3)

SignatureKeys *signature_keys_free(SignatureKeys *keys) {
        if (keys)
                explicit_bzero(keys, sizeof(*keys) + SIGNATURE_KEYS_MAX * sizeof(keys->items[0]));
        free(keys);
        return NULL;
}

/* Base64 with or without its padding. -EBADMSG: it is none, or nothing. */
static int key_decode(SignatureKey *key) {
        const char *encoded = key->text + strlen(STANDARD_PREFIX);
        char padded[SIGNATURE_KEY_MAX + 4];
        size_t length = strcspn(encoded, "="), n = length;
        int r;

        if (length == 0 || length % 4 == 1 || strspn(encoded + length, "=") > 2 ||
            encoded[length + strspn(encoded + length, "=")] != '\0')
                return -EBADMSG;

        memcpy(padded, encoded, length);
        while (n % 4 != 0)
                padded[n++] = '=';

        /* White space, which OpenSSL would pass over, cannot be part of a key. */
        r = memchr(encoded, ' ', length) || memchr(encoded, '\t', length)
                            ? -1
                            : EVP_DecodeBlock(key->standard, (const unsigned char *) padded, (int) n);
        explicit_bzero(padded, sizeof(padded));
        if (r < 0)
                return -EBADMSG;

        key->standard_length = (size_t) r - (n - length);
        return 0;
}

/* NULL, or what is wrong with the line. */
static const char *key_read(SignatureKey *key, const char *line, size_t length) {
        static_assert(DECODED_MAX < sizeof(key->standard), "a decoded key is shorter than its text");

        if (length >= sizeof(key->text))
                return "a key is too long";
        if (memchr(line, '\0', length))
                return "a NUL byte";

        memcpy(key->text, line, length);
        key->text_length = length;
        if (strncmp(key->text, STANDARD_PREFIX, strlen(STANDARD_PREFIX)) == 0)
                return key_decode(key) < 0 ? "\"" STANDARD_PREFIX "\" and then no base64" : NULL;

        memcpy(key->standard, line, length);
        key->standard_length = length;
        return NULL;
}

/* The next line's length; `*ret_next` is where the one after it begins. */
static size_t line_take(const char *line, size_t left, size_t *ret_next) {
        const char *end = memchr(line, '\n', left);
        size_t length = end ? (size_t) (end - line) : left;

        *ret_next = end ? length + 1 : length;
        return length > 0 && line[length - 1] == '\r' ? length - 1 : length;
}

int signature_keys_parse(const char *bytes, size_t length, SignatureKeys **ret, const char **ret_problem) {
        _cleanup_(signature_keys_freep) SignatureKeys *keys = NULL;
        size_t next;

        assert(bytes);
        assert(ret);
        assert(ret_problem);

        *ret_problem = NULL;
        keys = calloc(1, sizeof(*keys) + SIGNATURE_KEYS_MAX * sizeof(keys->items[0]));
        if (!keys)
                return -ENOMEM;

        for (size_t i = 0; i < length && !*ret_problem; i += next) {
                size_t n = line_take(bytes + i, length - i, &next);

                if (n == 0)
                        continue;
                if (keys->n == SIGNATURE_KEYS_MAX)
                        *ret_problem = "too many keys";
                else
                        *ret_problem = key_read(&keys->items[keys->n++], bytes + i, n);
        }

        if (!*ret_problem && keys->n == 0)
                *ret_problem = "no key";
        if (*ret_problem)
                return -EBADMSG;

        *ret = TAKE_PTR(keys);
        return 0;
}

int signature_keys_load(const char *name, SignatureKeys **ret, const char **ret_problem) {
        _cleanup_(credential_done) Credential credential = { .name = name };
        int r;

        assert(name);
        assert(ret);
        assert(ret_problem);

        *ret_problem = NULL;
        r = credential_read(&credential, SIGNATURE_KEYS_FILE_MAX);
        if (r == -EFBIG) {
                *ret_problem = "it is too large";
                return -EBADMSG;
        }
        if (r < 0)
                return r;
        if (r == 0) {
                *ret = NULL;
                return 0;
        }

        r = signature_keys_parse(credential.bytes, credential.length, ret, ret_problem);
        return r < 0 ? r : 1;
}
