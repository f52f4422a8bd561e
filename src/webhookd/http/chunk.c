/* SPDX-License-Identifier: MIT */
/* Chunks that can be read in one way only: see chunk.h. */
#include "webhookd/http/chunk.h"

#include "shared/hex.h"
#include "webhookd/http/field.h"
#include "webhookd/http/stand-in.h"

#define DIGITS_MAX (2 * sizeof(size_t))

typedef enum ChunkState {
        CHUNK_SIZE,
        CHUNK_SIZE_LF,
        CHUNK_DATA,
        CHUNK_DATA_CR,
        CHUNK_DATA_LF,
        CHUNK_TRAILER,
        CHUNK_TRAILER_NAME,
        CHUNK_TRAILER_VALUE,
        CHUNK_TRAILER_LF,
        CHUNK_END_LF,
} ChunkState;

typedef enum ChunkStep {
        CHUNK_WRONG,
        CHUNK_MORE,
        CHUNK_DONE,
} ChunkStep;

static ChunkStep enter(ChunkDecoder *decoder, ChunkState state) {
        decoder->state = (char) state;
        return CHUNK_MORE;
}

static ChunkStep enter_if(ChunkDecoder *decoder, bool right, ChunkState state) {
        return right ? enter(decoder, state) : CHUNK_WRONG;
}

/* Digits and nothing else: no sign, no blank, no extension. */
static ChunkStep step_size(ChunkDecoder *decoder, char c) {
        int value = hex_value(c);

        if (value < 0)
                return enter_if(decoder, c == '\r' && decoder->n_digits > 0, CHUNK_SIZE_LF);
        if ((size_t) decoder->n_digits >= DIGITS_MAX)
                return CHUNK_WRONG;

        decoder->left = decoder->left << 4 | (size_t) value;
        decoder->n_digits++;
        return CHUNK_MORE;
}

static ChunkStep step_size_end(ChunkDecoder *decoder, char c) {
        if (c != '\n')
                return CHUNK_WRONG;
        if (decoder->left > 0)
                return enter(decoder, CHUNK_DATA);
        if (!decoder->consume_trailer)
                return CHUNK_DONE;

        return enter(decoder, CHUNK_TRAILER);
}

static ChunkStep step_data_end(ChunkDecoder *decoder, char c) {
        decoder->n_digits = 0;
        return enter_if(decoder, c == '\n', CHUNK_SIZE);
}

static ChunkStep step_trailer(ChunkDecoder *decoder, char c) {
        if (++decoder->left > CHUNK_TRAILER_MAX)
                return CHUNK_WRONG;

        switch ((ChunkState) decoder->state) {
        case CHUNK_TRAILER:
                return c == '\r' ? enter(decoder, CHUNK_END_LF)
                                 : enter_if(decoder, field_name_can_have(c), CHUNK_TRAILER_NAME);
        case CHUNK_TRAILER_NAME:
                return c == ':' ? enter(decoder, CHUNK_TRAILER_VALUE)
                                : enter_if(decoder, field_name_can_have(c), CHUNK_TRAILER_NAME);
        case CHUNK_TRAILER_VALUE:
                return c == '\r' ? enter(decoder, CHUNK_TRAILER_LF)
                                 : enter_if(decoder, field_value_can_have(c), CHUNK_TRAILER_VALUE);
        case CHUNK_TRAILER_LF:
                return enter_if(decoder, c == '\n', CHUNK_TRAILER);
        default:
                return c == '\n' ? CHUNK_DONE : CHUNK_WRONG;
        }
}

/* One byte of the framing. */
static ChunkStep step(ChunkDecoder *decoder, char c) {
        switch ((ChunkState) decoder->state) {
        case CHUNK_SIZE:
                return step_size(decoder, c);
        case CHUNK_SIZE_LF:
                return step_size_end(decoder, c);
        case CHUNK_DATA_CR:
                return enter_if(decoder, c == '\r', CHUNK_DATA_LF);
        case CHUNK_DATA_LF:
                return step_data_end(decoder, c);
        default:
                return step_trailer(decoder, c);
        }
}

STAND_IN ssize_t phr_decode_chunked(ChunkDecoder *decoder, char *buffer, size_t *size) {
        size_t from = 0, to = 0, rest;
        ChunkStep found = CHUNK_MORE;

        assert(decoder);
        assert(buffer || *size == 0);

        while (from < *size && found == CHUNK_MORE) {
                if (decoder->state != CHUNK_DATA) {
                        found = step(decoder, buffer[from++]);
                        continue;
                }

                rest = *size - from < decoder->left ? *size - from : decoder->left;
                memmove(buffer + to, buffer + from, rest);
                from += rest;
                to += rest;
                decoder->left -= rest;
                if (decoder->left == 0)
                        (void) enter(decoder, CHUNK_DATA_CR);
        }

        rest = *size - from;
        *size = to;
        if (found != CHUNK_DONE)
                return found == CHUNK_WRONG ? -1 : -2;

        memmove(buffer + to, buffer + from, rest);
        return (ssize_t) rest;
}

STAND_IN int phr_decode_chunked_is_in_data(ChunkDecoder *decoder) {
        assert(decoder);

        return decoder->state == CHUNK_DATA;
}

bool chunk_decoder_is_in_place(void) {
        return stand_in_is_found("phr_decode_chunked", (const void *) phr_decode_chunked);
}
