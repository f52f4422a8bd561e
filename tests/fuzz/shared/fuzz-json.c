/* SPDX-License-Identifier: MIT */
/* Foreign JSON is refused with a text, or reads as the same value after it was written again. */
#include "fuzz.h"
#include "shared/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(json_freep) json_t *value = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;
        JsonError error;

        if (json_decode((const char *) data, size, &value, &error) < 0) {
                fuzz_promise(!value && !isempty(error.text) && strlen(error.text) < sizeof(error.text));
                return 0;
        }

        fuzz_promise(value);
        (void) json_get_string(json_path(value, "a", "b", NULL), "c");
        (void) json_get_int(value, "a", 0);

        fuzz_promise(json_encode(value, &text) == 0);
        fuzz_promise(!strchr(text, '\n'));
        fuzz_promise(json_decode(text, strlen(text), &again, &error) == 0);
        fuzz_promise(json_equal(value, again));
        return 0;
}
