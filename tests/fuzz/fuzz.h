/* SPDX-License-Identifier: MIT */
/*
 * One target a file, named fuzz-<target>.c: LLVMFuzzerTestOneInput() takes any bytes and holds the parser to what it
 * promises. Built for libFuzzer with -Dfuzzing=true, else with run-corpus.c, which runs the files of corpus/<target>/.
 */
#pragma once

#include <stdio.h>

#include "shared/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise: stays in builds without assertions, and ends the process where a fuzzer sees it. */
#define fuzz_promise(condition)                                                                        \
        do {                                                                                           \
                if (!(condition)) {                                                                    \
                        (void) fprintf(stderr, "%s:%i: broken: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                                       \
                }                                                                                      \
        } while (false)

/* A NUL-terminated copy of exactly that size, so that a sanitizer sees every byte that is read behind it. */
static inline char *fuzz_string(const uint8_t *data, size_t size) {
        char *text = malloc(size + 1);

        fuzz_promise(text);
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        return text;
}
