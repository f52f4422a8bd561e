/* SPDX-License-Identifier: MIT */
/* Requests with headers of proof, and the known answers of the senders' own documentation. */
#pragma once

#include "unit.h"
#include "webhookd/hook/signature.h"

#define HUB_KEY  "It's a Secret to Everybody"
#define HUB_BODY "Hello, World!"
#define HUB_HEX  "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

#define STANDARD_KEY  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_ID   "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STANDARD_TIME "1614265330"
#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_MAC  "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

#define NOW (UINT64_C(1614265330) * USEC_PER_SEC)

static inline Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

static inline SignatureKeys *keys_of(const char *text) {
        KeyProblem problem;
        SignatureKeys *keys = NULL;

        assert_int_equal(signature_keys_parse(text, strlen(text), &keys, &problem), 0);
        return keys;
}

/* Names and values in turn, NULL behind the last one. */
static inline SignatureVerdict check_at(const char *key_file, const char *body, Bytes form, uint64_t now,
                                        const char *const *texts) {
        _cleanup_(signature_keys_freep) SignatureKeys *keys = keys_of(key_file);
        Header headers[32];
        Request request = { .method = bytes("POST"), .body = bytes(body), .headers = headers };
        SignatureVerdict verdict;

        for (; texts[0]; texts += 2)
                headers[request.n_headers++] = (Header){ bytes(texts[0]), bytes(texts[1]) };

        assert_int_equal(signature_check(keys, &request, form, now, &verdict), 0);
        return verdict;
}

#define CHECK(keys, body, ...) \
        check_at(keys, body, (Bytes){ NULL, 0 }, NOW, (const char *const[]){ __VA_ARGS__, NULL })
#define STANDARD(keys, now, ...) \
        check_at(keys, STANDARD_BODY, (Bytes){ NULL, 0 }, now, (const char *const[]){ __VA_ARGS__, NULL })
