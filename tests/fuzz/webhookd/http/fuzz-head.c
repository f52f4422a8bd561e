/* SPDX-License-Identifier: MIT */
/* A head of a request is strict or not by its own bytes: not by what follows it. And it ends where it ends, however it is cut. */
#include "fuzz.h"
#include "webhookd/http/head.h"

/* Read as a whole or in two parts. What it asks for lies in it. */
static void promise_one_end(const char *head, size_t size) {
        size_t looked = 0, end = head_end((Bytes){ head, size }, &looked);
        Header headers[HEAD_HEADERS_MAX];
        Request request;

        fuzz_promise(end <= size && (end > 0 || looked == size));
        for (size_t first = 0; first < size && first < 64; first++) {
                looked = 0;
                if (head_end((Bytes){ head, first }, &looked) == 0)
                        fuzz_promise(head_end((Bytes){ head, size }, &looked) == end);
                else
                        fuzz_promise(end > 0 && end <= first);
        }

        head_read((Bytes){ head, end }, headers, &request);
        fuzz_promise(request.path.length <= end && request.method.length <= end);
        (void) head_announces_more(&request, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *head = (const char *) data, *end = size > 0 ? memmem(head, size, "\r\n\r\n", 4) : NULL;
        bool strict = head_is_strict((Bytes){ head, size });
        size_t length;

        promise_one_end(head, size);
        if (!end)
                return 0;

        length = (size_t) (end - head) + 4;
        fuzz_promise(head_is_strict((Bytes){ head, length }) == strict);

        /* No line ends in a line feed alone. */
        for (size_t i = 0; strict && i < length; i++)
                fuzz_promise(head[i] != '\n' || (i > 0 && head[i - 1] == '\r'));
        return 0;
}
