/* SPDX-License-Identifier: MIT */
/*
 * The file of the store: made with mode 0600 whatever the umask is, and locked for one process at a time.
 * The lock is flock(2)'s: it comes at once or not at all, and knows nothing of the record locks that sqlite
 * takes on the same file. Those are gone when *any* descriptor of the file is closed, so ours outlives
 * sqlite's.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "webhookd/store/file.h"

static int file_make_private(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;

        /* Never a device, a FIFO or a directory. */
        if (!S_ISREG(st.st_mode))
                return -EIO;

        if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
                return errno == EPERM ? -EROFS : -errno;

        return 0;
}

int store_file_open(const char *path, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        assert(path);
        assert(ret_fd);

        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0)
                return errno == EACCES || errno == EPERM ? -EROFS : errno == EDQUOT ? -ENOSPC : -errno;

        r = file_make_private(fd);
        if (r < 0)
                return r;

        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;

        *ret_fd = TAKE_FD(fd);
        return 0;
}
