/* SPDX-License-Identifier: MIT */
/*
 * Files without a name until they are whole, so that nothing is left of one that is given up by a signal: see private-file.h. File
 * systems that know no such files (FAT, NFS) have a temporary name instead, which a signal may leave behind.
 */
#include "ctl/private-file.h"

#include <fcntl.h>
#include <stdio.h>

#define FOLDER_DEFAULT "/var/tmp"

/* "." for a name without a folder. */
static int folder_of(const char *path, char **ret) {
        const char *slash = strrchr(path, '/');

        *ret = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
        return *ret ? 0 : -ENOMEM;
}

static int open_without_name(const char *folder) {
        int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : fd;
}

static int open_with_temporary_name(PrivateFile *file) {
        if (asprintf(&file->temporary, "%s.XXXXXX", file->path) < 0) {
                file->temporary = NULL;
                return -ENOMEM;
        }

        file->fd = mkostemp(file->temporary, O_CLOEXEC);
        if (file->fd < 0) {
                int r = -errno;

                free(file->temporary);
                file->temporary = NULL;
                return r;
        }

        return 0;
}

int private_file_open(const char *path, PrivateFile *ret) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE;
        _cleanup_free_ char *folder = NULL;
        int r;

        assert(path);
        assert(ret);

        /* Known before anything is done. Whether it is so in the end is decided by private_file_publish(). */
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;

        r = folder_of(path, &folder);
        if (r < 0)
                return r;

        file.path = strdup(path);
        if (!file.path)
                return -ENOMEM;

        file.fd = open_without_name(folder);
        if (file.fd == -EOPNOTSUPP || file.fd == -EISDIR)
                r = open_with_temporary_name(&file);
        else if (file.fd < 0)
                r = file.fd;
        if (r < 0)
                return r;

        *ret = file;
        file = PRIVATE_FILE_NONE;
        return 0;
}

int private_file_open_unnamed(PrivateFile *ret) {
        const char *folder = getenv("TMPDIR");
        int fd;

        assert(ret);

        fd = open_without_name(isempty(folder) ? FOLDER_DEFAULT : folder);
        if (fd < 0)
                return fd;

        *ret = PRIVATE_FILE_NONE;
        ret->fd = fd;
        return 0;
}

/* Neither replaces what has that name by now. */
static int give_name(PrivateFile *file) {
        char link[64];

        if (file->temporary) {
                if (renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_NOREPLACE) < 0)
                        return -errno;

                free(file->temporary);
                file->temporary = NULL;
                return 0;
        }

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%i", file->fd);
        return linkat(AT_FDCWD, link, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int private_file_publish(PrivateFile *file) {
        _cleanup_free_ char *folder = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        assert(file && file->fd >= 0 && file->path);

        if (fsync(file->fd) < 0)
                return -errno;

        r = folder_of(file->path, &folder);
        if (r >= 0)
                r = give_name(file);
        if (r < 0)
                return r;

        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

void private_file_done(PrivateFile *file) {
        assert(file);

        if (file->temporary)
                (void) unlink(file->temporary);
        if (file->fd >= 0)
                (void) close(file->fd);
        free(file->temporary);
        free(file->path);
        *file = PRIVATE_FILE_NONE;
}
