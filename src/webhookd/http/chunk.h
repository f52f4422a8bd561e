/* SPDX-License-Identifier: MIT */
/*
 * ChunkDecoder: the chunked transfer coding (RFC 9112, section 7.1) as strictly as head.h reads heads. libh2o decodes a body in
 * place, where nobody sees its framing any more, and its own decoder takes what another parser may read in another way: this one
 * stands in for it (stand-in.h). Pure.
 */
#pragma once

#include "webhookd/request.h"

/* Bytes of the fields behind the last chunk, which are read and dropped. */
#define CHUNK_TRAILER_MAX 8192U

/* Laid out as libh2o's: whoever calls zeroes it, and sets whether the fields behind the last chunk are to be read. */
typedef struct ChunkDecoder {
        size_t left; /* bytes of the chunk, or of the trailer so far */
        char consume_trailer;
        char n_digits;
        char state;
} ChunkDecoder;

/*
 * Decodes in place what came: `*size` bytes of the framing before, of the data after the call. The number of bytes behind the
 * body, which then follow the data; -2: there is more to come; -1: it is wrong.
 */
ssize_t phr_decode_chunked(ChunkDecoder *decoder, char *buffer, size_t *size);

/* Whether it is in the middle of a chunk's data. */
int phr_decode_chunked_is_in_data(ChunkDecoder *decoder);

/* Whether the program's libraries find this decoder by its name. */
bool chunk_decoder_is_in_place(void);
