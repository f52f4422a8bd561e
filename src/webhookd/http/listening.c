/* SPDX-License-Identifier: MIT */
/* Sockets that others have opened: see listening.h. */
#include "webhookd/http/listening.h"

#include <fcntl.h>
#include <sys/socket.h>

int listening_open(int fd, int *ret_fd, bool *ret_is_unix) {
        struct sockaddr_storage address = { 0 };
        socklen_t length = sizeof(address);
        _cleanup_close_ int copy = -1;

        assert(fd >= 0);
        assert(ret_fd);
        assert(ret_is_unix);

        if (getsockname(fd, (struct sockaddr *) &address, &length) < 0)
                return -errno;

        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return -errno;

        if (fcntl(copy, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        *ret_fd = TAKE_FD(copy);
        *ret_is_unix = address.ss_family == AF_UNIX;
        return 0;
}
