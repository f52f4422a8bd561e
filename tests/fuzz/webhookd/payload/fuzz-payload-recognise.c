/* SPDX-License-Identifier: MIT */
/*
 * Recognition: whoever is found says that the body is its own, and headers that have nothing to do with it
 * change nothing.
 */
#include "payload-input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(json_freep) json_t *body = NULL;
        JsonError error = { .line = 0 };
        const PayloadFormat *format;
        FuzzRequest input;

        fuzz_request(data, size, &input);
        if (json_decode(input.request.body.data, input.request.body.length, &body, &error) < 0)
                return 0;

        format = payload_recognise(&input.request, body);
        fuzz_promise(!format ||
                     (!isempty(format->name) && format->recognise(&input.request, body) > RECOGNISED_NOT));

        if (input.request.n_headers < FUZZ_HEADERS_MAX) {
                input.headers[input.request.n_headers++] = (Header){ { "x-request-id", 12 }, { "7", 1 } };
                fuzz_promise(payload_recognise(&input.request, body) == format);
        }

        return 0;
}
