/* SPDX-License-Identifier: MIT */
/* A head of a request is strict or not by its own bytes: not by what follows it. */
#include "fuzz.h"
#include "webhookd/http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *head = (const char *) data, *end = size > 0 ? memmem(head, size, "\r\n\r\n", 4) : NULL;
        bool strict = head_is_strict((Bytes){ head, size });
        size_t length;

        if (!end)
                return 0;

        length = (size_t) (end - head) + 4;
        fuzz_promise(head_is_strict((Bytes){ head, length }) == strict);

        /* No line ends in a line feed alone. */
        for (size_t i = 0; strict && i < length; i++)
                fuzz_promise(head[i] != '\n' || (i > 0 && head[i - 1] == '\r'));
        return 0;
}
