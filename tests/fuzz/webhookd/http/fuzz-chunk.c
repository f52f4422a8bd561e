/* SPDX-License-Identifier: MIT */
/* A body is decoded to the same bytes in one piece and in pieces of any length, which the first byte says. */
#include "fuzz.h"
#include "webhookd/http/chunk.h"

/* -1, -2, or the bytes behind the body; `buffer` has what came, and then what was decoded. */
static ssize_t decode(char *buffer, size_t size, size_t piece, size_t *ret_decoded) {
        ChunkDecoder decoder = { .consume_trailer = 1 };
        ssize_t found = -2;
        size_t done = 0;

        for (size_t at = 0; at < size && found == -2; at += piece) {
                size_t given = size - at < piece ? size - at : piece, n = given;

                memmove(buffer + done, buffer + at, n);
                found = phr_decode_chunked(&decoder, buffer + done, &n);
                fuzz_promise(n <= given && (found < 0 || n + (size_t) found <= given));
                done += n;
                if (found >= 0)
                        found += (ssize_t) (size - at - given);
        }

        *ret_decoded = done;
        return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *whole, *pieces;
        size_t n_whole, n_pieces;
        ssize_t found;

        if (size < 1)
                return 0;

        whole = malloc(size);
        pieces = malloc(size);
        fuzz_promise(whole && pieces);
        memcpy(whole, data + 1, size - 1);
        memcpy(pieces, data + 1, size - 1);

        found = decode(whole, size - 1, size, &n_whole);
        fuzz_promise(decode(pieces, size - 1, 1 + data[0] % 32, &n_pieces) == found);
        fuzz_promise(found == -1 || (n_whole == n_pieces && memcmp(whole, pieces, n_whole) == 0));

        free(whole);
        free(pieces);
        return 0;
}
