/* SPDX-License-Identifier: MIT */
/* Lines of JSON out of bytes: see json-lines.h. */
#include "deployerd/engine/json-lines.h"

#include <stdio.h>

#include "shared/json.h"

struct JsonLines {
        JsonOnLine on_line;
        void *userdata;
        size_t n_line;
        bool broken;
        char problem[256];
        char line[JSON_LINE_MAX];
};

int json_lines_new(JsonOnLine on_line, void *userdata, JsonLines **ret) {
        JsonLines *lines;

        assert(on_line);
        assert(ret);

        lines = calloc(1, sizeof(*lines));
        if (!lines)
                return -ENOMEM;

        lines->on_line = on_line;
        lines->userdata = userdata;
        *ret = lines;
        return 0;
}

JsonLines *json_lines_free(JsonLines *lines) {
        free(lines);
        return NULL;
}

const char *json_lines_problem(const JsonLines *lines) {
        assert(lines);

        return lines->problem;
}

static int lines_break(JsonLines *lines, const char *text, const char *more) {
        lines->broken = true;
        (void) snprintf(lines->problem, sizeof(lines->problem), "%s%s", text, more);
        return -EBADMSG;
}

static int lines_take(JsonLines *lines) {
        _cleanup_(json_freep) json_t *object = NULL;
        size_t length = lines->n_line;
        JsonError error;
        int r;

        lines->n_line = 0;
        while (length > 0 && strchr(" \t\r", lines->line[length - 1]))
                length--;
        if (length == 0)
                return 0;

        r = json_decode(lines->line, length, &object, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return lines_break(lines, "no JSON: ", error.text);

        lines->on_line(object, lines->userdata);
        return 0;
}

int json_lines_feed(JsonLines *lines, const char *bytes, size_t length) {
        assert(lines);
        assert(bytes || length == 0);

        while (!lines->broken && length > 0) {
                const char *newline = memchr(bytes, '\n', length);
                size_t n = newline ? (size_t) (newline - bytes) : length;
                int r;

                if (n > JSON_LINE_MAX - lines->n_line)
                        return lines_break(lines, "a line is too long", "");

                memcpy(lines->line + lines->n_line, bytes, n);
                lines->n_line += n;
                if (!newline)
                        return 0;

                r = lines_take(lines);
                if (r < 0)
                        return r;
                bytes += n + 1;
                length -= n + 1;
        }

        return lines->broken ? -EBADMSG : 0;
}

int json_lines_finish(JsonLines *lines) {
        assert(lines);

        return lines->broken ? -EBADMSG : lines_take(lines);
}
