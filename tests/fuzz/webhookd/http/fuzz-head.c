/* SPDX-License-Identifier: MIT */
/* A head of a request is read by its own bytes: not by what follows it, nor by the pieces in which it comes. */
#include "fuzz.h"
#include "webhookd/http/head.h"

/* As it comes in pieces of that size. */
static HeadVerdict read_in_pieces(const char *text, size_t size, size_t piece, Head *ret) {
        HeadVerdict verdict = HEAD_INCOMPLETE;

        for (size_t seen = 0; verdict == HEAD_INCOMPLETE && seen < size; seen += piece)
                verdict = head_read((Bytes){ text, size - seen < piece ? size : seen + piece }, seen, ret);

        return verdict;
}

static bool is_inside(Bytes bytes, const char *text, size_t length) {
        return bytes.data >= text && bytes.data + bytes.length <= text + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;
        Head head = { .length = 0 }, other = { .length = 0 };
        HeadVerdict verdict = head_read((Bytes){ text, size }, 0, &head);

        for (size_t piece = 1; piece <= 5; piece += 2) {
                fuzz_promise(read_in_pieces(text, size, piece, &other) == verdict);
                fuzz_promise(other.length == head.length);
        }
        if (verdict != HEAD_COMPLETE)
                return 0;

        fuzz_promise(head.length <= size && memcmp(text + head.length - 4, "\r\n\r\n", 4) == 0);
        fuzz_promise(head_read((Bytes){ text, head.length }, 0, &other) == HEAD_COMPLETE);
        fuzz_promise(head_read((Bytes){ text, head.length - 1 }, 0, &other) == HEAD_INCOMPLETE);
        fuzz_promise(is_inside(head.method, text, head.length) && is_inside(head.path, text, head.length));
        for (size_t i = 0; i < head.n_fields; i++)
                fuzz_promise(is_inside(head.fields[i].name, text, head.length) &&
                             is_inside(head.fields[i].value, text, head.length));

        /* No line ends in a line feed alone. */
        for (size_t i = 0; i < head.length; i++)
                fuzz_promise(text[i] != '\n' || (i > 0 && text[i - 1] == '\r'));
        return 0;
}
