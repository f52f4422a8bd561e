/* SPDX-License-Identifier: MIT */
/* What stands in a URL: see url.h. */
#include "deployerd/engine/url.h"

char *url_escape(const char *text, const char *also) {
        static const char unreserved[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        static const char hex[] = "0123456789ABCDEF";
        char *escaped, *p;

        assert(text);
        assert(also);

        escaped = p = malloc(3 * strlen(text) + 1);
        if (!escaped)
                return NULL;

        for (; *text; text++)
                if (strchr(unreserved, *text) || strchr(also, *text))
                        *p++ = *text;
                else {
                        *p++ = '%';
                        *p++ = hex[(unsigned char) *text >> 4];
                        *p++ = hex[(unsigned char) *text & 0x0f];
                }
        *p = '\0';
        return escaped;
}
