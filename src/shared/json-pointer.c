/* SPDX-License-Identifier: MIT */
/* Places of members: see json-pointer.h. */
#include "shared/json-pointer.h"

size_t json_pointer_escape(char c, char ret[static 2]) {
        if (c != '~' && c != '/') {
                ret[0] = c;
                return 1;
        }

        ret[0] = '~';
        ret[1] = c == '~' ? '0' : '1';
        return 2;
}

char *json_pointer_new(const char *pointer, const char *key) {
        size_t n = strlen(pointer);
        char *whole;

        assert(key);

        whole = malloc(n + 2 * strlen(key) + 2);
        if (!whole)
                return NULL;

        memcpy(whole, pointer, n);
        whole[n++] = '/';
        for (; *key; key++)
                n += json_pointer_escape(*key, whole + n);
        whole[n] = '\0';
        return whole;
}
