/* SPDX-License-Identifier: MIT */
/* One line of a file: see engine-note.h. */
#include "deployerd/engine-note.h"

#include <fcntl.h>
#include <stdio.h>

/* The two with a blank between them, a newline, and one byte more. */
#define LINE_SIZE (sizeof(EngineNote) + 2)

/* -ENOENT: there is none. */
static int open_state(void) {
        const char *state = getenv("STATE_DIRECTORY");
        int fd;

        if (isempty(state))
                return -ENOENT;

        fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* "name socket\n". */
static int parse_line(char *line, EngineNote *ret) {
        char *newline = strchr(line, '\n'), *blank = strchr(line, ' ');

        if (!newline || newline[1] != '\0' || !blank || blank == line || blank[1] != '/')
                return -EBADMSG;

        *newline = *blank = '\0';
        if (strlen(line) >= sizeof(ret->name) || strlen(blank + 1) >= sizeof(ret->socket))
                return -EBADMSG;

        (void) snprintf(ret->name, sizeof(ret->name), "%s", line);
        (void) snprintf(ret->socket, sizeof(ret->socket), "%s", blank + 1);
        return 1;
}

int engine_note_read(EngineNote *ret) {
        _cleanup_close_ int state = -1, fd = -1;
        char line[LINE_SIZE];
        ssize_t n;

        assert(ret);

        state = open_state();
        if (state < 0)
                return state == -ENOENT ? 0 : state;

        fd = openat(state, "engine", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        n = read(fd, line, sizeof(line) - 1);
        if (n < 0)
                return -errno;

        line[n] = '\0';
        return parse_line(line, ret);
}

static int write_line(int state, const char *name, const EngineNote *note) {
        _cleanup_close_ int fd =
                        openat(state, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;

        return dprintf(fd, "%s %s\n", note->name, note->socket) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int engine_note_write(const EngineNote *note) {
        _cleanup_close_ int state = -1;
        char scratch[32];
        int r;

        assert(note);

        state = open_state();
        if (state < 0)
                return state == -ENOENT ? 0 : state;

        (void) snprintf(scratch, sizeof(scratch), "engine.%ld", (long) getpid());
        r = write_line(state, scratch, note);
        if (r >= 0 && renameat(state, scratch, state, "engine") < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(state, scratch, 0);
                return r;
        }

        return fsync(state) < 0 ? -errno : 0;
}
