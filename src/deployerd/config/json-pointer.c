/* SPDX-License-Identifier: MIT */
/* Places in a file: see json-pointer.h. */
#include "deployerd/config/json-pointer.h"

#include <stdio.h>

#include "deployerd/text.h"
#include "shared/json-pointer.h"

void json_pointer_append(const char *pointer, const char *key, char ret[static JSON_POINTER_SIZE]) {
        size_t n = strnlen(pointer, JSON_POINTER_SIZE - 1);

        assert(key);

        memmove(ret, pointer, n);
        if (n + 1 < JSON_POINTER_SIZE)
                ret[n++] = '/';
        for (; *key && *key != '=' && n + 2 < JSON_POINTER_SIZE; key++)
                n += json_pointer_escape(*key, ret + n);
        if (*key == '=' && n + 2 < JSON_POINTER_SIZE)
                ret[n++] = '=';
        ret[n] = '\0';
        text_clean(ret);
}

void json_pointer_append_index(const char *pointer, size_t index, char ret[static JSON_POINTER_SIZE]) {
        char digits[24];

        (void) snprintf(digits, sizeof(digits), "%zu", index);
        json_pointer_append(pointer, digits, ret);
}
