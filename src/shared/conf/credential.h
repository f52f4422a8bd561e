/* SPDX-License-Identifier: MIT */
/*
 * Credential: a secret that systemd hands to this service alone (LoadCredential=), as a file of its name in the folder that
 * $CREDENTIALS_DIRECTORY names. See systemd.exec(5), "Credentials".
 */
#pragma once

#include "shared/macro.h"

typedef struct Credential {
        const char *name; /* borrowed */
        char *bytes;      /* owned; not NUL-terminated */
        size_t length;
} Credential;

/*
 * Reads `credential->name`, at most `max` bytes. 1; 0 where none of that name was given; -EFBIG: it is larger; errors of open()
 * and read(); -ENOMEM. Nothing is logged. `*credential` is to be released with credential_done().
 */
int credential_read(Credential *credential, size_t max);

/* Erases the bytes. */
void credential_done(Credential *credential);
