/* SPDX-License-Identifier: MIT */
/* Sockets of engines on this machine: see sockets.h. */
#include "deployerd/engine/sockets.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct {
        const char *path, *pid_file;
} usual_sockets[] = {
        { "/run/docker.sock", "/run/docker.pid" },
        { "/run/podman/podman.sock", NULL },
};

const char *sockets_usual(size_t i) {
        return i < ELEMENTSOF(usual_sockets) ? usual_sockets[i].path : NULL;
}

const char *sockets_pid_file(size_t i) {
        return i < ELEMENTSOF(usual_sockets) ? usual_sockets[i].pid_file : NULL;
}

bool socket_is_there(const char *path) {
        struct stat st;

        assert(path);

        return stat(path, &st) >= 0 && S_ISSOCK(st.st_mode);
}

int socket_probe(const char *path, bool *ret_usable) {
        assert(path);
        assert(ret_usable);

        /*
         * The group itself is not asked for: in the user namespace of the sandbox those of others have no number. The
         * kernel knows them all the same.
         */
        *ret_usable = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) >= 0;
        return *ret_usable || (errno != ENOENT && errno != ENOTDIR);
}
