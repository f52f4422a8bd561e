/* SPDX-License-Identifier: MIT */
/* Keys of senders, from a credential: see signature-key.h. */
#include "webhookd/hook/signature-key.h"

#include <openssl/evp.h>
#include <strings.h>

#include "shared/conf/credential.h"
#include "shared/utf8.h"

#define STANDARD_PREFIX "whsec_"
/* What base64 needs for the longest key; EVP_DecodeBlock() writes the padding as well. */
#define DECODED_MAX (SIGNATURE_KEY_MAX / 4 * 3)

SignatureKeys *signature_keys_free(SignatureKeys *keys) {
        if (keys)
                explicit_bzero(keys, sizeof(*keys) + SIGNATURE_KEYS_MAX * sizeof(keys->items[0]));
        free(keys);
        return NULL;
}

/* Decodes base64 with or without its padding. -EBADMSG: it is none, or nothing. */
static int key_decode(SignatureKey *key, const char *encoded) {
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
        if (r < 0) {
                explicit_bzero(key->standard, sizeof(key->standard));
                return -EBADMSG;
        }

        key->standard_length = (size_t) r - (n - length);
        return 0;
}

static bool begins_with(const char *text, const char *prefix) {
        return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* NULL, or why nothing that a sender could send would ever match it. */
static const char *key_check(const SignatureKey *key) {
        static const char *const headers[] = { "authorization:", "x-gitlab-token:" };

        for (size_t i = 0; i < key->text_length; i++)
                if ((unsigned char) key->text[i] < ' ' && key->text[i] != '\t')
                        return "a control character in a key";
        for (size_t i = 0; i < ELEMENTSOF(headers); i++)
                if (begins_with(key->text, headers[i]))
                        return "the header's name does not belong to the key";
        if (begins_with(key->text, "whpk_") || begins_with(key->text, "whsk_"))
                return "an asymmetric key: only signatures by a shared one, \"" STANDARD_PREFIX
                       "\", are checked";

        return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *key_read(SignatureKey *key, const char *line, size_t length) {
        static_assert(DECODED_MAX < sizeof(key->standard), "a decoded key is shorter than its text");
        const char *encoded, *problem;

        if (length >= sizeof(key->text))
                return "a key is too long";

        memcpy(key->text, line, length);
        key->text_length = length;
        problem = key_check(key);
        if (problem)
                return problem;

        key->encoded = strncmp(key->text, STANDARD_PREFIX, strlen(STANDARD_PREFIX)) == 0;
        encoded = key->encoded ? key->text + strlen(STANDARD_PREFIX) : key->text;
        return key_decode(key, encoded) < 0 && key->encoded ? "\"" STANDARD_PREFIX "\" and then no base64"
                                                            : NULL;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

/* The next line of `*rest` without the blanks around it, and `*rest` behind it. */
static void line_take(const char **rest, size_t *left, const char **ret_line, size_t *ret_length) {
        const char *line = *rest, *end = memchr(line, '\n', *left);
        size_t length = end ? (size_t) (end - line) : *left, taken = end ? length + 1 : length;

        for (; length > 0 && is_blank(line[length - 1]); length--)
                ;
        for (; length > 0 && is_blank(line[0]); length--)
                line++;

        *ret_line = line;
        *ret_length = length;
        *rest += taken;
        *left -= taken;
}

int signature_keys_parse(const char *bytes, size_t length, SignatureKeys **ret, KeyProblem *ret_problem) {
        _cleanup_(signature_keys_freep) SignatureKeys *keys = NULL;
        KeyProblem problem = { .line = 0 };
        size_t skipped;

        assert(bytes);
        assert(ret);
        assert(ret_problem);

        *ret_problem = problem;
        keys = calloc(1, sizeof(*keys) + SIGNATURE_KEYS_MAX * sizeof(keys->items[0]));
        if (!keys)
                return -ENOMEM;

        /* One of UTF-16 is told by its control characters. */
        skipped = utf8_mark_length(bytes, length);
        bytes += skipped;
        length -= skipped;
        while (length > 0 && !problem.text) {
                const char *line;
                size_t n;

                line_take(&bytes, &length, &line, &n);
                problem.line++;
                if (n == 0)
                        continue;
                problem.text = keys->n == SIGNATURE_KEYS_MAX ? "too many keys"
                                                             : key_read(&keys->items[keys->n++], line, n);
        }

        if (!problem.text && keys->n == 0)
                problem = (KeyProblem){ .text = "no key" };
        if (problem.text) {
                *ret_problem = problem;
                return -EBADMSG;
        }

        *ret = TAKE_PTR(keys);
        return 0;
}

int signature_keys_load(const char *name, SignatureKeys **ret, KeyProblem *ret_problem) {
        _cleanup_(credential_done) Credential credential = { .name = name };
        int r;

        assert(name);
        assert(ret);
        assert(ret_problem);

        *ret_problem = (KeyProblem){ .line = 0 };
        r = credential_read(&credential, SIGNATURE_KEYS_FILE_MAX);
        if (r == -EFBIG) {
                ret_problem->text = "it is too large";
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
