/* SPDX-License-Identifier: MIT */
/* What nobody is to read in a reason: see secrets.h. */
#include "deployerd/engine/secrets.h"

#include "shared/json.h"

#define NEWLINES "\r\n"

/* The length of the longest line of `secret` that `text` begins with; 0: none. */
static size_t line_length(const char *secret, const char *text) {
        size_t longest = 0;

        for (const char *line = secret; *line; line += strspn(line, NEWLINES)) {
                size_t n = strcspn(line, NEWLINES);

                if (n >= SECRET_MIN && n > longest && strncmp(line, text, n) == 0)
                        longest = n;
                line += n;
        }

        return longest;
}

/* Of one of them that is part of another the longer counts. */
static size_t secret_length(const json_t *secrets, const char *text) {
        size_t longest = 0;
        const char *name;
        json_t *secret;

        json_object_foreach((json_t *) (uintptr_t) secrets, name, secret) {
                size_t n = line_length(strempty(json_string_value(secret)), text);

                longest = n > longest ? n : longest;
        }

        return longest;
}

void secrets_hide(const json_t *secrets, char *text) {
        assert(text);

        if (json_object_size(secrets) == 0)
                return;

        for (char *p = text; *p;) {
                size_t n = secret_length(secrets, p);

                if (n == 0) {
                        p++;
                        continue;
                }

                memcpy(p, SECRET_HIDDEN, SECRET_MIN);
                memmove(p + SECRET_MIN, p + n, strlen(p + n) + 1);
                p += SECRET_MIN;
        }
}

int secrets_hide_answer(const json_t *secrets, json_t *answer) {
        static const char *const keys[] = { "message", "cause" };

        for (size_t i = 0; i < ELEMENTSOF(keys) && json_object_size(secrets) > 0; i++) {
                const char *words = json_get_string(answer, keys[i]);
                _cleanup_free_ char *text = words ? strdup(words) : NULL;

                if (words && !text)
                        return -ENOMEM;
                if (!words)
                        continue;

                secrets_hide(secrets, text);
                if (json_object_set_new(answer, keys[i], json_string(text)) < 0)
                        return -ENOMEM;
        }

        return 0;
}
