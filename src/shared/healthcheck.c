/* SPDX-License-Identifier: MIT */
/* Health checks in text: see healthcheck.h. */
#include "shared/healthcheck.h"

#include "shared/protocol.h"

bool healthcheck_is_valid(const char *text) {
        const char *path;

        assert(text);

        if (isempty(text) || streq(text, HEALTHCHECK_IMAGE) || streq(text, HEALTHCHECK_TCP))
                return true;
        if (strncmp(text, HEALTHCHECK_HTTP_PREFIX "/", strlen(HEALTHCHECK_HTTP_PREFIX "/")) != 0)
                return false;

        path = text + strlen(HEALTHCHECK_HTTP_PREFIX);
        for (const char *p = path; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return false;

        return strlen(path) <= HEALTHCHECK_MAX;
}
