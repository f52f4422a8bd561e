/* SPDX-License-Identifier: MIT */
/* Whole files: see read-file.h. */
#include "shared/conf/read-file.h"

int read_whole(int fd, size_t max, char **ret, size_t *ret_length) {
        _cleanup_free_ char *bytes = NULL;
        size_t length = 0;

        assert(fd >= 0);
        assert(ret);
        assert(ret_length);

        /* The byte beyond tells what is too large from what just fits. */
        bytes = malloc(max + 1);
        if (!bytes)
                return -ENOMEM;

        while (length <= max) {
                ssize_t n = read(fd, bytes + length, max + 1 - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        *ret = TAKE_PTR(bytes);
                        *ret_length = length;
                        return 0;
                }

                length += (size_t) n;
        }

        return -EFBIG;
}
