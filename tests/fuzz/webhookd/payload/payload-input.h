/* SPDX-License-Identifier: MIT */
/*
 * A request as the input of a fuzz target: lines "name: value" up to an empty one, then the body; and what
 * is promised of every list of pushes.
 */
#pragma once

#include "fuzz.h"
#include "webhookd/payload/payload.h"

#define FUZZ_HEADERS_MAX 8U

typedef struct FuzzRequest {
        Header headers[FUZZ_HEADERS_MAX];
        Request request;
} FuzzRequest;

/* Borrows `data`. */
static inline void fuzz_request(const uint8_t *data, size_t size, FuzzRequest *ret) {
        const char *p = (const char *) data, *end = p + size;
        size_t n = 0;

        while (n < FUZZ_HEADERS_MAX && p < end) {
                const char *line = p, *lf = memchr(p, '\n', (size_t) (end - p)), *colon;

                if (!lf)
                        break;

                p = lf + 1;
                if (lf == line)
                        break;

                colon = memchr(line, ':', (size_t) (lf - line));
                if (!colon)
                        continue;

                ret->headers[n].name = (Bytes){ line, (size_t) (colon - line) };
                while (++colon < lf && *colon == ' ')
                        ;
                ret->headers[n++].value = (Bytes){ colon, (size_t) (lf - colon) };
        }

        ret->request = (Request){
                .method = { "POST", 4 },
                .path = { "/", 1 },
                .body = { size > 0 ? p : "", (size_t) (end - p) },
                .headers = ret->headers,
                .n_headers = n,
                .remote = "192.0.2.7",
        };
}

/* Every push is a reference that says where it is, once; every reason has a word. */
static inline void fuzz_promise_list(const PushList *list, bool tagged) {
        fuzz_promise(list->n <= PUSHES_MAX && list->n_ignored <= IGNORED_MAX + 1);
        for (size_t i = 0; i < list->n; i++) {
                const ImageRef *ref = list->items[i].ref;
                _cleanup_(image_ref_freep) ImageRef *again = NULL;
                _cleanup_free_ char *text = NULL;

                fuzz_promise(image_ref_format(ref, &text) == 0);
                fuzz_promise(image_ref_parse(text, &again, NULL) == 0);
                fuzz_promise(streq(again->domain, ref->domain) && streq(again->path, ref->path));
                fuzz_promise(!tagged || (!isempty(ref->tag) && !strchr(ref->tag, ':')));
                fuzz_promise(list->items[i].pushed_at < UINT64_C(253402400000) * USEC_PER_SEC);
                fuzz_promise(!ref->digest || image_digest_is_valid(ref->digest));
        }

        for (size_t i = 0; i < list->n_ignored; i++) {
                fuzz_promise(list->ignored[i].image);
                fuzz_promise(!list->ignored[i].host || (list->ignored[i].reason == IGNORE_NO_HOST_ALIAS &&
                                                        strlen(list->ignored[i].host) <= IGNORED_HOST_MAX));
                fuzz_promise(!isempty(ignore_reason_to_string(list->ignored[i].reason)));
        }
}
