/* SPDX-License-Identifier: MIT */
/* Whatever a container writes becomes one bounded line of text that JSON can hold, the same however it is cut. */
#include <jansson.h>

#include "deployerd/engine/log-frames.h"
#include "fuzz.h"

static char *text_of(const uint8_t *data, size_t size, bool tty, size_t step) {
        LogFrames frames = { .tty = tty };
        char *text = NULL;

        for (size_t i = 0; i < size; i += step) {
                size_t n = size - i < step ? size - i : step;
                _cleanup_free_ char *bytes = fuzz_string(data + i, n);

                log_frames_feed(&frames, bytes, n);
        }
        fuzz_promise(log_frames_text(&frames, &text) == 0);
        return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        for (int tty = 0; tty <= 1; tty++) {
                _cleanup_free_ char *text = text_of(data, size, tty, size + 1),
                                    *cut = text_of(data, size, tty, size > 0 ? data[0] % 7U + 1 : 1);
                json_t *json;

                fuzz_promise(streq(text, cut));
                fuzz_promise(strlen(text) <= LOG_TEXT_MAX * 3);
                for (const char *p = text; *p; p++)
                        fuzz_promise((unsigned char) *p >= 0x20 && *p != 0x7f);

                json = json_string(text);
                fuzz_promise(json);
                json_decref(json);
        }
        return 0;
}
