/* SPDX-License-Identifier: MIT */
/* Base64: see base64.h. */
#include "webhookd/payload/base64.h"

static int digit_value(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '+' || c == '-')
                return 62;
        if (c == '/' || c == '_')
                return 63;
        return -1;
}

/* How many digits there are before the padding, which has to be right where there is any; -EBADMSG. */
static ssize_t digits_count(const char *text) {
        size_t n = strcspn(text, "="), padding = strlen(text + n);

        if (n % 4 == 1 || strspn(text + n, "=") != padding ||
            (padding > 0 && n + padding != (n + 3) / 4 * 4))
                return -EBADMSG;

        return (ssize_t) n;
}

int base64_decode(const char *text, char **ret, size_t *ret_length) {
        _cleanup_free_ char *decoded = NULL;
        unsigned bits = 0;
        size_t length = 0;
        ssize_t n;

        assert(text);
        assert(ret);
        assert(ret_length);

        n = digits_count(text);
        if (n < 0)
                return (int) n;

        decoded = malloc((size_t) n / 4 * 3 + 3);
        if (!decoded)
                return -ENOMEM;

        for (size_t i = 0; i < (size_t) n; i++) {
                int value = digit_value(text[i]);

                if (value < 0)
                        return -EBADMSG;

                bits = bits << 6 | (unsigned) value;
                if (i % 4 > 0)
                        decoded[length++] = (char) (bits >> (6 - i % 4 * 2) & 0xff);
        }

        decoded[length] = '\0';
        *ret = TAKE_PTR(decoded);
        *ret_length = length;
        return 0;
}
