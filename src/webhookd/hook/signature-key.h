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
        char text[SIGNATURE_KEY_MAX]; /* the line, without blanks around it */
        size_t text_length;
        bool encoded; /* "whsec_…": for Standard Webhooks the text itself is no key */
        unsigned char standard
                        [SIGNATURE_KEY_MAX]; /* for Standard Webhooks: the text decoded, where it is base64 */
        size_t standard_length;
} SignatureKey;

typedef struct SignatureKeys {
        size_t n;
        SignatureKey items[];
} SignatureKeys;

/* What is wrong with a file of keys. */
typedef struct KeyProblem {
        const char *text; /* static, without a byte of the file; NULL: nothing */
        unsigned line;    /* 1-based; 0: of the file as a whole */
} KeyProblem;

/*
 * The keys of a file's bytes, at least one. A line ends with LF or CRLF; empty ones, blanks around a key and a byte order mark
 * before the first do not count. -EBADMSG with `*ret_problem` for what can never match anything: no key, too many, one that is
 * too long, a control character, "whsec_" before what is no base64, a public key, a whole header; -ENOMEM. Pure.
 */
int signature_keys_parse(const char *bytes, size_t length, SignatureKeys **ret, KeyProblem *ret_problem);

/*
 * The keys in the credential of that name, which systemd lays into $CREDENTIALS_DIRECTORY. 1; 0 and NULL where there is no
 * such credential; -EBADMSG as above, another negative errno with `*ret_problem` without a text.
 */
int signature_keys_load(const char *name, SignatureKeys **ret, KeyProblem *ret_problem);

SignatureKeys *signature_keys_free(SignatureKeys *keys);
DEFINE_CLEANUP(SignatureKeys, signature_keys_free)
