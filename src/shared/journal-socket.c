/* SPDX-License-Identifier: MIT */
/* One datagram an entry: see journal-socket.h. */
#include "shared/journal-socket.h"

#include <sys/socket.h>

/* Entries that may wait in the socket, in bytes; the kernel allows less where net.core.wmem_max is less. */
#define BUFFER_SIZE (8 * 1024 * 1024)

int journal_socket_open(JournalSocket *journal, const char *path) {
        static const int size = BUFFER_SIZE;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        assert(journal);
        assert(path);

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;

        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        *journal = (JournalSocket){ .address = address, .fd = fd };
        return 0;
}

void journal_socket_close(JournalSocket *journal) {
        assert(journal);

        if (journal->fd >= 0)
                (void) close(journal->fd);
        *journal = JOURNAL_SOCKET_CLOSED;
}

int journal_socket_send(const JournalSocket *journal, const struct iovec *fields, size_t n) {
        static char line_feed[] = "\n";
        struct iovec parts[2 * JOURNAL_FIELDS_MAX];
        struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 * n };

        assert(journal);
        assert(fields);
        assert(n <= JOURNAL_FIELDS_MAX);

        for (size_t i = 0; i < n; i++) {
                if (memchr(fields[i].iov_base, '\n', fields[i].iov_len))
                        return -EINVAL;
                parts[2 * i] = fields[i];
                parts[2 * i + 1] = (struct iovec){ .iov_base = line_feed, .iov_len = 1 };
        }

        message.msg_name = (void *) (uintptr_t) &journal->address;
        message.msg_namelen = sizeof(journal->address);
        return sendmsg(journal->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
