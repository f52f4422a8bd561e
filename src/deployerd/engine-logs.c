/* SPDX-License-Identifier: MIT */
/*
 * The last lines a container wrote: GET /containers/{id}/logs. Without a terminal the stream comes in frames: one byte of
 * which stream, three of nothing, four of length (big-endian), then the bytes.
 */
#include <stdio.h>

#include "deployerd/engine-container.h"

#define FRAME_HEADER_SIZE 8U
/* What is kept of the text. */
#define LOGS_BYTES_MAX 2048U
/* What is read for it. */
#define LOGS_READ_MAX (64U * 1024U)

static const char separator[] = " | ";

typedef struct Logs {
        unsigned char *bytes;
        size_t length;
} Logs;

static int on_logs_data(const char *bytes, size_t length, void *userdata) {
        Logs *logs = userdata;
        size_t room = LOGS_READ_MAX - logs->length;

        /* What is too much is the end of what was asked for, and the beginning is worth more than nothing. */
        if (length > room)
                length = room;
        memcpy(logs->bytes + logs->length, bytes, length);
        logs->length += length;
        return 0;
}

/* Takes the frames' headers away, in place. */
static size_t unframe(unsigned char *bytes, size_t length) {
        size_t from = 0, to = 0;

        while (length - from >= FRAME_HEADER_SIZE) {
                const unsigned char *header = bytes + from;
                size_t n = (size_t) header[4] << 24 | (size_t) header[5] << 16 | (size_t) header[6] << 8 |
                           (size_t) header[7];

                from += FRAME_HEADER_SIZE;
                if (n > length - from)
                        n = length - from;
                memmove(bytes + to, bytes + from, n);
                from += n;
                to += n;
        }

        return to;
}

/* Lines become one line: the last that fit, separated. */
static char *join_lines(char *text, size_t length) {
        size_t start = length > LOGS_BYTES_MAX ? length - LOGS_BYTES_MAX : 0, n = 0;
        bool pending = false;
        char *joined;

        joined = malloc((length - start) * (sizeof(separator) - 1) + 1);
        if (!joined)
                return NULL;

        for (size_t i = start; i < length; i++) {
                char c = text[i];

                if (c == '\n' || c == '\r') {
                        pending = n > 0;
                        continue;
                }
                if (pending) {
                        memcpy(joined + n, separator, sizeof(separator) - 1);
                        n += sizeof(separator) - 1;
                        pending = false;
                }
                joined[n++] = c == '\0' ? '?' : c;
        }

        joined[n] = '\0';
        text_clean(joined);
        return joined;
}

int engine_container_logs(Engine *engine, const Container *container, unsigned n, char **ret) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_free_ char *path = NULL, *bytes = NULL;
        Logs logs = { .length = 0 };
        HttpRequest request;
        int r;

        assert(engine);
        assert(container);
        assert(ret);

        bytes = malloc(LOGS_READ_MAX);
        if (!bytes)
                return -ENOMEM;
        logs.bytes = (unsigned char *) bytes;

        if (asprintf(&path, "%s/containers/%s/logs?stdout=1&stderr=1&tail=%u", engine_prefix(engine),
                     container->id, n) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        request = (HttpRequest){
                .method = "GET",
                .path = path,
                .timeout_usec = 5 * USEC_PER_SEC,
                .on_data = on_logs_data,
                .userdata = &logs,
        };
        r = engine_http_call(engine_http(engine), &request, &response);
        if (r < 0)
                return r;

        *ret = join_lines(bytes, container->tty ? logs.length : unframe(logs.bytes, logs.length));
        return *ret ? 0 : -ENOMEM;
}
