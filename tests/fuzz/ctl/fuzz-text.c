/* SPDX-License-Identifier: MIT */
/* What tinyforgectl prints has no byte that a terminal obeys, and is escaped once for all. */
#include "ctl/text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = fuzz_string(data, size), *escaped = NULL, *again = NULL;

        fuzz_promise(text_escape(text, &escaped) == 0);
        for (const unsigned char *p = (const unsigned char *) escaped; *p; p++) {
                fuzz_promise(*p >= 0x20 && *p != 0x7f);
                fuzz_promise(*p != 0xC2 || p[1] >= 0xA0);
        }

        fuzz_promise(text_escape(escaped, &again) == 0);
        fuzz_promise(streq(escaped, again));

        fuzz_promise(text_prefix(escaped, text_width(escaped)) == strlen(escaped));
        for (size_t columns = 0; columns < 8 && columns < text_width(escaped); columns++) {
                _cleanup_free_ char *cut = strndup(escaped, text_prefix(escaped, columns));

                fuzz_promise(cut && text_width(cut) == columns);
        }

        return 0;
}
