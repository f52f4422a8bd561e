/* SPDX-License-Identifier: MIT */
/* Root's files: see trusted.h. */
#include "shared/conf/trusted.h"

#include <fcntl.h>

static const char *stat_problem(const struct stat *st, mode_t type) {
        if ((st->st_mode & S_IFMT) != type)
                return type == S_IFDIR ? "is no directory" : "is no regular file";
        if (st->st_uid != 0)
                return "does not belong to root";
        if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
                return "can be written by others than root";

        return NULL;
}

int trusted_open(int at, const char *name, mode_t type, const char **ret_problem) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        assert(name);
        assert(type == S_IFREG || type == S_IFDIR);
        assert(ret_problem);

        *ret_problem = NULL;
        fd = openat(at, name,
                    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW |
                                    (type == S_IFDIR ? O_DIRECTORY : 0));
        if (fd < 0 && errno == ELOOP) {
                *ret_problem = "is a symbolic link";
                return -EPERM;
        }
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;

        *ret_problem = stat_problem(&st, type);
        return *ret_problem ? -EPERM : TAKE_FD(fd);
}
