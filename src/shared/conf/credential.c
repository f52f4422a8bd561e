/* SPDX-License-Identifier: MIT */
/* What systemd hands over: see credential.h. */
#include "shared/conf/credential.h"

#include <fcntl.h>
#include <stdio.h>

#include "shared/conf/read-file.h"

int credential_read(Credential *credential, size_t max) {
        const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        assert(credential && credential->name && !credential->bytes);

        if (isempty(directory))
                return 0;

        if (asprintf(&path, "%s/%s", directory, credential->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        r = read_whole(fd, max, &credential->bytes, &credential->length);
        return r < 0 ? r : 1;
}

void credential_done(Credential *credential) {
        assert(credential);

        if (credential->bytes)
                explicit_bzero(credential->bytes, credential->length);
        free(credential->bytes);
        credential->bytes = NULL;
        credential->length = 0;
}
