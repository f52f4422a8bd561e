/* SPDX-License-Identifier: MIT */
/* What the lines of a pull tell: see pull-stream.h. */
#include "deployerd/engine/pull-stream.h"

#include <stdio.h>

#include "deployerd/engine/json-lines.h"
#include "shared/json.h"

struct PullStream {
        PullOnStatus on_status;
        void *userdata;
        JsonLines *lines;
        bool failed;
        char failure[1024];
};

PullStream *pull_stream_free(PullStream *stream) {
        if (!stream)
                return NULL;

        json_lines_free(stream->lines);
        free(stream);
        return NULL;
}

const char *pull_stream_failure(const PullStream *stream) {
        assert(stream);

        return stream->failed ? stream->failure : NULL;
}

const char *pull_stream_problem(const PullStream *stream) {
        assert(stream);

        return json_lines_problem(stream->lines);
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

static void on_object(const json_t *object, void *userdata) {
        PullStream *stream = userdata;
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

int pull_stream_new(PullOnStatus on_status, void *userdata, PullStream **ret) {
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        int r;

        assert(on_status);
        assert(ret);

        stream = calloc(1, sizeof(*stream));
        if (!stream)
                return -ENOMEM;

        r = json_lines_new(on_object, stream, &stream->lines);
        if (r < 0)
                return r;

        stream->on_status = on_status;
        stream->userdata = userdata;
        *ret = TAKE_PTR(stream);
        return 0;
}

int pull_stream_feed(PullStream *stream, const char *bytes, size_t length) {
        assert(stream);

        return json_lines_feed(stream->lines, bytes, length);
}

int pull_stream_finish(PullStream *stream) {
        assert(stream);

        return json_lines_finish(stream->lines);
}
