/* SPDX-License-Identifier: MIT */
/* Health checks in text: see healthcheck.h. */
#include "shared/healthcheck.h"

#include "shared/protocol.h"

const char *healthcheck_path(const char *text) {
        size_t n = strlen(HEALTHCHECK_HTTP_PREFIX);

        assert(text);

        return strncmp(text, HEALTHCHECK_HTTP_PREFIX, n) == 0 ? text + n : NULL;
}

bool healthcheck_overrules_image(const char *text) {
        return healthcheck_path(text) || streq(text, HEALTHCHECK_TCP) || streq(text, HEALTHCHECK_NONE);
}

bool healthcheck_is_valid(const char *text) {
        const char *path;

        assert(text);

        if (isempty(text) || streq(text, HEALTHCHECK_IMAGE) || streq(text, HEALTHCHECK_TCP) ||
            streq(text, HEALTHCHECK_NONE))
                return true;

        path = healthcheck_path(text);
        if (!path || path[0] != '/')
                return false;

        for (const char *p = path; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return false;

        return strlen(path) <= HEALTHCHECK_MAX;
}
