/* SPDX-License-Identifier: MIT */
/* Frames into a line: see log-frames.h. */
#include "deployerd/log-frames.h"

#include "deployerd/text.h"

#define FRAME_HEADER_SIZE 8U

static const char separator[] = " | ";

/* Takes the frames' headers away, in place. */
static size_t unframe(char *bytes, size_t length) {
        size_t from = 0, to = 0;

        while (length - from >= FRAME_HEADER_SIZE) {
                const unsigned char *header = (const unsigned char *) bytes + from;
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
static char *join_lines(const char *text, size_t length) {
        size_t start = length > LOG_TEXT_MAX ? length - LOG_TEXT_MAX : 0, n = 0;
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

int log_frames_text(char *bytes, size_t length, bool tty, char **ret) {
        char *text;

        assert(bytes || length == 0);
        assert(ret);

        text = join_lines(bytes, tty ? length : unframe(bytes, length));
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}
