/* SPDX-License-Identifier: MIT */
/* Bodies of forms: see form.h. */
#include "webhookd/payload/form.h"

#include "shared/hex.h"

/* Decodes into `out`, which has room for as many bytes as there are, and returns how many it became. */
static size_t unescape(Bytes text, char *out) {
        size_t n = 0;

        for (size_t i = 0; i < text.length; i++) {
                char c = text.data[i];
                int high = c == '%' && i + 2 < text.length ? hex_value(text.data[i + 1]) : -1;
                int low = high >= 0 ? hex_value(text.data[i + 2]) : -1;

                if (low >= 0) {
                        c = (char) (high * 16 + low);
                        i += 2;
                } else if (c == '+')
                        c = ' ';
                out[n++] = c;
        }

        return n;
}

static bool field_is_named(Bytes field, const char *name) {
        size_t length = strlen(name);

        return field.length > length && field.data[length] == '=' && memcmp(field.data, name, length) == 0;
}

int form_field(Bytes body, const char *name, char **ret, size_t *ret_length) {
        const char *end = body.data + body.length, *start = body.data;

        assert(name);
        assert(ret);
        assert(ret_length);

        while (start && start < end) {
                const char *ampersand = memchr(start, '&', (size_t) (end - start));
                Bytes field = { start, (size_t) ((ampersand ? ampersand : end) - start) };
                size_t skipped = strlen(name) + 1;
                char *value;

                start = ampersand ? ampersand + 1 : end;
                if (!field_is_named(field, name))
                        continue;

                value = malloc(field.length - skipped + 1);
                if (!value)
                        return -ENOMEM;

                *ret_length = unescape((Bytes){ field.data + skipped, field.length - skipped }, value);
                value[*ret_length] = '\0';
                *ret = value;
                return 0;
        }

        return -ENOENT;
}
