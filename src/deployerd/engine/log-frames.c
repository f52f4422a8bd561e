/* SPDX-License-Identifier: MIT */
/* Frames into a line: see log-frames.h. */
#include "deployerd/engine/log-frames.h"

#include "deployerd/text.h"

static const char separator[] = " | ";

/* What was first goes first. */
static void keep(LogFrames *frames, const char *bytes, size_t length) {
        if (length > LOG_TEXT_MAX) {
                bytes += length - LOG_TEXT_MAX;
                length = LOG_TEXT_MAX;
        }
        if (length > sizeof(frames->text) - frames->length) {
                memmove(frames->text, frames->text + frames->length - LOG_TEXT_MAX, LOG_TEXT_MAX);
                frames->length = LOG_TEXT_MAX;
        }

        memcpy(frames->text + frames->length, bytes, length);
        frames->length += length;
}

static void take_header_byte(LogFrames *frames, char byte) {
        const unsigned char *header = frames->header;

        frames->header[frames->n_header++] = (unsigned char) byte;
        if (frames->n_header < LOG_FRAME_HEADER_SIZE)
                return;

        frames->n_header = 0;
        frames->left = (size_t) header[4] << 24 | (size_t) header[5] << 16 | (size_t) header[6] << 8 |
                       (size_t) header[7];
}

void log_frames_feed(LogFrames *frames, const char *bytes, size_t length) {
        assert(frames);
        assert(bytes || length == 0);

        if (frames->tty && length > 0) {
                keep(frames, bytes, length);
                return;
        }

        while (length > 0) {
                size_t n = 1;

                if (frames->left == 0)
                        take_header_byte(frames, *bytes);
                else {
                        n = length < frames->left ? length : frames->left;
                        keep(frames, bytes, n);
                        frames->left -= n;
                }
                bytes += n;
                length -= n;
        }
}

/* Lines become one line: the last that fit, separated. */
static char *join_lines(const char *text, size_t length) {
        size_t start = length > LOG_TEXT_MAX ? length - LOG_TEXT_MAX : 0, n = 0;
        bool pending = false;
        char *joined;

        /* Where something was left out before it, it begins with a whole character. */
        if (length >= LOG_TEXT_MAX)
                while (start < length && ((unsigned char) text[start] & 0xc0) == 0x80)
                        start++;

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

int log_frames_text(const LogFrames *frames, char **ret) {
        char *text;

        assert(frames);
        assert(ret);

        text = join_lines(frames->text, frames->length);
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}
