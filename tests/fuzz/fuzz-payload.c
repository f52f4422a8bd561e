/* SPDX-License-Identifier: MIT */
/*
 * A webhook's body is refused with a text, or names a bounded number of pushes. The first line of the input is the
 * media type, the rest is the body.
 */
#include "fuzz.h"
#include "webhookd/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
        const size_t type_length = line ? (size_t) (line - data) : 0;
        const Header headers[] = {
                { { "content-type", 12 }, { (const char *) data, type_length } },
        };
        const Request request = {
                .method = { "POST", 4 },
                .path = { "/", 1 },
                .body = { line ? (const char *) line + 1 : "", line ? size - type_length - 1 : 0 },
                .headers = headers,
                .n_headers = ELEMENTSOF(headers),
                .remote = "192.0.2.7",
        };
        PushList list = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error = { .line = 0 };

        fuzz_promise(payload_decode(&request, &list, &verdict, &error) == 0);
        fuzz_promise(verdict != PAYLOAD_MALFORMED || !isempty(error.text));
        if (verdict != PAYLOAD_OK)
                return 0;

        fuzz_promise(list.n <= PUSHES_MAX && !isempty(list.provider));
        for (size_t i = 0; i < list.n; i++)
                fuzz_promise(list.items[i].ref && !isempty(list.items[i].ref->path));
        push_list_done(&list);
        return 0;
}
