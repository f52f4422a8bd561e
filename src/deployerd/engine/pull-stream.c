/* SPDX-License-Identifier: MIT */
/* Lines of JSON out of bytes: see pull-stream.h. */
#include "deployerd/engine/pull-stream.h"

#include <stdio.h>

#include "shared/json.h"

struct PullStream {
        PullOnStatus on_status;
        void *userdata;
        size_t n_line;
        bool broken;
        bool failed;
        char failure[1024];
        char problem[256];
        char line[PULL_LINE_MAX];
};

int pull_stream_new(PullOnStatus on_status, void *userdata, PullStream **ret) {
        PullStream *stream;

        assert(on_status);
        assert(ret);

        stream = calloc(1, sizeof(*stream));
        if (!stream)
                return -ENOMEM;

        stream->on_status = on_status;
        stream->userdata = userdata;
        *ret = stream;
        return 0;
}

PullStream *pull_stream_free(PullStream *stream) {
        free(stream);
        return NULL;
}

const char *pull_stream_failure(const PullStream *stream) {
        assert(stream);

        return stream->failed ? stream->failure : NULL;
}

const char *pull_stream_problem(const PullStream *stream) {
        assert(stream);

        return stream->problem;
}

static int stream_break(PullStream *stream, const char *text, const char *more) {
        stream->broken = true;
        (void) snprintf(stream->problem, sizeof(stream->problem), "%s%s", text, more);
        return -EBADMSG;
}

/* A number of bytes; what is none counts like one that is missing. */
static int64_t byte_count(const json_t *detail, const char *key) {
        int64_t n = json_get_int(detail, key, 0);

        return n > 0 ? n : 0;
}

static void stream_tell(PullStream *stream, const json_t *object, const char *status) {
        const json_t *detail = json_path(object, "progressDetail", NULL);
        PullStatus told = {
                .id = strempty(json_get_string(object, "id")),
                .status = status,
                .current = byte_count(detail, "current"),
                .total = byte_count(detail, "total"),
        };

        stream->on_status(&told, stream->userdata);
}

static void stream_take_object(PullStream *stream, const json_t *object) {
        const char *failure = json_string_value(json_path(object, "errorDetail", "message", NULL));
        const char *status = json_get_string(object, "status");

        if (isempty(failure))
                failure = json_get_string(object, "error");

        if (!isempty(failure)) {
                stream->failed = true;
                (void) snprintf(stream->failure, sizeof(stream->failure), "%s", failure);
        } else if (!isempty(status))
                stream_tell(stream, object, status);
}

static int stream_take_line(PullStream *stream) {
        _cleanup_(json_freep) json_t *object = NULL;
        size_t length = stream->n_line;
        JsonError error;
        int r;

        stream->n_line = 0;
        while (length > 0 && strchr(" \t\r", stream->line[length - 1]))
                length--;
        if (length == 0)
                return 0;

        r = json_decode(stream->line, length, &object, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return stream_break(stream, "no JSON: ", error.text);

        stream_take_object(stream, object);
        return 0;
}

int pull_stream_feed(PullStream *stream, const char *bytes, size_t length) {
        assert(stream);
        assert(bytes || length == 0);

        while (!stream->broken && length > 0) {
                const char *newline = memchr(bytes, '\n', length);
                size_t n = newline ? (size_t) (newline - bytes) : length;
                int r;

                if (n > PULL_LINE_MAX - stream->n_line)
                        return stream_break(stream, "a line is too long", "");

                memcpy(stream->line + stream->n_line, bytes, n);
                stream->n_line += n;
                if (!newline)
                        return 0;

                r = stream_take_line(stream);
                if (r < 0)
                        return r;
                bytes += n + 1;
                length -= n + 1;
        }

        return stream->broken ? -EBADMSG : 0;
}

int pull_stream_finish(PullStream *stream) {
        assert(stream);

        return stream->broken ? -EBADMSG : stream_take_line(stream);
}
