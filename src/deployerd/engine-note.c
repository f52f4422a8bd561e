/* SPDX-License-Identifier: MIT */
/* One line of a file: see engine-note.h. */
#include "deployerd/engine-note.h"

#include <stdio.h>

#include "deployerd/state.h"

/* The two with a blank between them, a newline, and one byte more. */
#define LINE_SIZE (sizeof(EngineNote) + 2)

/* "name socket\n". */
static int parse_line(char *line, EngineNote *ret) {
        char *newline = strchr(line, '\n'), *blank = strchr(line, ' ');
        size_t n_name, n_socket;

        if (!newline || newline[1] != '\0' || !blank || blank == line || blank[1] != '/')
                return -EBADMSG;

        *newline = *blank = '\0';
        n_name = strlen(line) + 1;
        n_socket = strlen(blank + 1) + 1;
        if (n_name > sizeof(ret->name) || n_socket > sizeof(ret->socket))
                return -EBADMSG;

        memcpy(ret->name, line, n_name);
        memcpy(ret->socket, blank + 1, n_socket);
        return 1;
}

int engine_note_read(EngineNote *ret) {
        _cleanup_close_ int state = -1;
        char line[LINE_SIZE];
        int r;

        assert(ret);

        state = state_open(NULL, /* make= */ false);
        r = state < 0 ? state : state_read(state, "engine", line, sizeof(line));
        if (r < 0)
                return r == -ENOENT ? 0 : r == -E2BIG ? -EBADMSG : r;

        return parse_line(line, ret);
}

int engine_note_write(const EngineNote *note) {
        _cleanup_close_ int state = -1;
        char line[LINE_SIZE];

        assert(note);

        state = state_open(NULL, /* make= */ false);
        if (state < 0)
                return state == -ENOENT ? 0 : state;

        (void) snprintf(line, sizeof(line), "%s %s\n", note->name, note->socket);
        return state_write(state, "engine", line);
}
