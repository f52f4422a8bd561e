/* SPDX-License-Identifier: MIT */
/* Files that appear at once: see whole-file.h. */
#include "ctl/whole-file.h"

#include <fcntl.h>
#include <sys/stat.h>

static int fill(int fd, WholeFileWriter writer, const void *userdata) {
        FILE *file;
        int r;

        file = fdopen(fd, "we");
        if (!file) {
                r = -errno;
                (void) close(fd);
                return r;
        }

        r = writer(file, userdata);
        errno = 0;
        if (r >= 0 && (fflush(file) != 0 || ferror(file) || fchmod(fd, 0644) < 0))
                r = errno > 0 ? -errno : -EIO;
        if (fclose(file) != 0 && r >= 0)
                r = -errno;
        return r;
}

int whole_file_write(const char *path, WholeFileWriter writer, const void *userdata) {
        _cleanup_free_ char *temporary = NULL;
        int r, fd;

        assert(path);
        assert(writer);

        if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }

        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = fill(fd, writer, userdata);
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r;
}
