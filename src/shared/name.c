/* SPDX-License-Identifier: MIT */
/* Names of projects and stages: see name.h. */
#include "shared/name.h"

#include <stdio.h>

static bool name_starts_with(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool name_contains(char c) {
        return name_starts_with(c) || c == '_' || c == '-';
}

bool name_is_valid(const char *name) {
        size_t length;

        if (!name || !name_starts_with(name[0]))
                return false;

        for (length = 1; name[length]; length++)
                if (length >= NAME_MAX_LENGTH || !name_contains(name[length]))
                        return false;

        return true;
}

int name_make(const char *text, unsigned attempt, char **ret) {
        char suffix[16] = "";
        char *name;
        size_t n = 0, room;

        assert(text);
        assert(ret);

        if (attempt > 0)
                (void) snprintf(suffix, sizeof(suffix), "-%u", attempt + 1);
        room = NAME_MAX_LENGTH - strlen(suffix);

        name = malloc(NAME_MAX_LENGTH + 1);
        if (!name)
                return -ENOMEM;

        for (; *text && n < room; text++) {
                char c = *text >= 'A' && *text <= 'Z' ? (char) (*text - 'A' + 'a') : *text;

                if (!name_contains(c))
                        c = '-';
                if (n > 0 || name_starts_with(c))
                        name[n++] = c;
        }

        if (n == 0) {
                static const char fallback[] = "project";

                memcpy(name, fallback, sizeof(fallback) - 1);
                n = sizeof(fallback) - 1;
        }

        memcpy(name + n, suffix, strlen(suffix) + 1);
        *ret = name;
        return 0;
}
