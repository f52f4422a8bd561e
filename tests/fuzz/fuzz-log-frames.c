/* SPDX-License-Identifier: MIT */
/* Whatever a container writes becomes one bounded line of text that JSON can hold. */
#include <jansson.h>

#include "deployerd/log-frames.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        for (int tty = 0; tty <= 1; tty++) {
                _cleanup_free_ char *bytes = fuzz_string(data, size), *text = NULL;
                json_t *json;

                fuzz_promise(log_frames_text(bytes, size, tty, &text) == 0);
                fuzz_promise(strlen(text) <= LOG_TEXT_MAX * 3);
                for (const char *p = text; *p; p++)
                        fuzz_promise((unsigned char) *p >= 0x20 && *p != 0x7f);

                json = json_string(text);
                fuzz_promise(json);
                json_decref(json);
        }
        return 0;
}
