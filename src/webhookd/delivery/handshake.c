/* SPDX-License-Identifier: MIT */
/* Senders that ask before they call: see handshake.h. */
#include "webhookd/delivery/handshake.h"

/* More than any host's name has. */
#define ORIGIN_MAX 255U

/* It is given back in a header of the answer. */
static bool origin_is_valid(Bytes origin) {
        for (size_t i = 0; i < origin.length; i++)
                if (origin.data[i] <= ' ' || origin.data[i] > '~')
                        return false;

        return origin.length > 0 && origin.length <= ORIGIN_MAX;
}

bool handshake_answer(const Request *request, Answer *ret) {
        const Header *origin;

        assert(request);
        assert(ret);

        origin = request_header(request, "webhook-request-origin");
        if (!bytes_equal(request->method, "OPTIONS") || !origin || !origin_is_valid(origin->value))
                return false;

        answer_set_status(ret, 200);
        ret->allowed_origin = bytes_to_string(origin->value);
        if (!ret->allowed_origin)
                answer_set_status(ret, 503);
        return true;
}
