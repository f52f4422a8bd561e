/* SPDX-License-Identifier: MIT */
/* Descriptors 0 to 2, made whole: see std-fds.h. */
#include "shared/std-fds.h"

#include <fcntl.h>

void std_fds_open(void) {
        /* An output that is only open for reading refuses what is written. */
        static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY };

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
                if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
                        continue;
                /* The lowest number that is free, which is this one. */
                if (open("/dev/null", modes[fd] | O_NOCTTY) != fd)
                        abort();
        }
}

bool std_fds_lack_output(void) {
        int flags = fcntl(STDOUT_FILENO, F_GETFL);

        return flags < 0 || (flags & O_ACCMODE) == O_RDONLY;
}

const char *std_fds_error(int error) {
        return error == EBADF ? "standard output is closed" : strerror(error);
}
