/* SPDX-License-Identifier: MIT */
/*
 * SignatureKeys: what a sender and this host share besides the URL, as a systemd credential brings it. One key a line, so
 * that an old and a new one are good side by side while a sender changes over. Never logged, erased when freed.
 */
#pragma once

#include "shared/macro.h"

/* Keys of one hook, bytes of one key, bytes of a whole file. */
#define SIGNATURE_KEYS_MAX      8U
#define SIGNATURE_KEY_MAX       512U
#define SIGNATURE_KEYS_FILE_MAX (8U * 1024U)

/* The credential of the main hook; that of another hook is this, a dot, and the hook's name. */
#define SIGNATURE_CREDENTIAL "signing-key"

/* Both are padded with zeroes, so that a comparison can take all of them. */
typedef struct SignatureKey {
        char text[SIGNATURE_KEY_MAX]; /* the line as it stands */
        size_t text_length;
        unsigned char standard
                        [SIGNATURE_KEY_MAX]; /* for Standard Webhooks: "whsec_…" decoded, else the line */
        size_t standard_length;
} SignatureKey;

typedef struct SignatureKeys {
        size_t n;
        SignatureKey items[];
} SignatureKeys;

/*
 * The keys of a file's bytes, at least one. A line ends with LF or CRLF; empty ones do not count. -EBADMSG with
 * `*ret_problem` (static text, without a byte of the file): no key, too many, one that is too long, a NUL byte, or
 * "whsec_" before what is no base64; -ENOMEM. Pure.
 */
int signature_keys_parse(const char *bytes, size_t length, SignatureKeys **ret, const char **ret_problem);

/*
 * The keys in the credential of that name, which systemd lays into $CREDENTIALS_DIRECTORY. 1; 0 and NULL where there is no
 * such credential; -EBADMSG as above, another negative errno with `*ret_problem` NULL.
 */
int signature_keys_load(const char *name, SignatureKeys **ret, const char **ret_problem);

SignatureKeys *signature_keys_free(SignatureKeys *keys);
DEFINE_CLEANUP(SignatureKeys, signature_keys_free)
