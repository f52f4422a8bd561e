/* SPDX-License-Identifier: MIT */
/* Files that last: see state.h. */
#include "deployerd/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* Entries of a folder that are looked at; nobody but us makes any. */
#define ENTRIES_MAX 4096U

DEFINE_CLEANUP(DIR, closedir)

int state_open(const char *folder, bool make) {
        const char *state = getenv("STATE_DIRECTORY");
        _cleanup_free_ char *path = NULL;
        int fd;

        if (isempty(state))
                return -ENOENT;
        if (asprintf(&path, "%s/%s", state, strempty(folder)) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder ? O_NOFOLLOW : 0));
        return fd < 0 ? -errno : fd;
}

static int fill(int folder, const char *name, const char *text) {
        _cleanup_close_ int fd =
                        openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        size_t length = strlen(text);
        ssize_t n;

        if (fd < 0)
                return -errno;

        n = write(fd, text, length);
        if (n < 0 || fsync(fd) < 0)
                return -errno;

        return (size_t) n == length ? 0 : -EIO;
}

int state_write(int folder, const char *name, const char *text) {
        char scratch[32];
        int r;

        assert(folder >= 0);
        assert(name && text);

        /* No name of a project or a stage begins so, and nobody else who lives has this one. */
        (void) snprintf(scratch, sizeof(scratch), ".new.%ld", (long) getpid());
        r = fill(folder, scratch, text);
        if (r >= 0 && renameat(folder, scratch, folder, name) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(folder, scratch, 0);
                return r;
        }

        return fsync(folder) < 0 ? -errno : 0;
}

int state_read(int folder, const char *name, char *ret, size_t size) {
        _cleanup_close_ int fd = -1;
        ssize_t n;

        assert(folder >= 0);
        assert(name);
        assert(ret && size > 0);

        fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        n = read(fd, ret, size);
        if (n < 0)
                return -errno;
        if ((size_t) n == size)
                return -E2BIG;

        ret[n] = '\0';
        return 0;
}

int state_stage_name(const char *project, const char *stage, char ret[static STATE_STAGE_SIZE]) {
        assert(project && stage);
        assert(ret);

        if (!name_is_valid(project) || !name_is_valid(stage))
                return -EINVAL;

        (void) snprintf(ret, STATE_STAGE_SIZE, "%s.%s", project, stage);
        return 0;
}

int state_list(const char *folder, StateOnName on_name, void *userdata) {
        _cleanup_(closedirp) DIR *entries = NULL;
        const struct dirent *entry;
        int fd, r;

        assert(folder);
        assert(on_name);

        fd = state_open(folder, /* make= */ false);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;

        entries = fdopendir(fd);
        if (!entries) {
                r = -errno;
                (void) close(fd);
                return r;
        }

        for (unsigned i = 0; i < ENTRIES_MAX && (entry = readdir(entries)); i++) {
                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;

                r = on_name(fd, entry->d_name, userdata);
                if (r < 0)
                        return r;
        }

        return 0;
}
