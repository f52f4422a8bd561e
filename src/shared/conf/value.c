/* SPDX-License-Identifier: MIT */
/* Values of configuration files, and lists of strings: see conf.h. */
#include "shared/conf/conf.h"

#include <limits.h>
#include <strings.h>

#include "shared/conf/parse.h"
#include "shared/protocol.h"
#include "shared/tag/glob.h"

#define TIMEOUT_MAX_USEC (24 * 3600 * USEC_PER_SEC)

int conf_parse_bool(const char *value, void *field, const char **ret_expected) {
        static const char *const yes[] = { "yes", "true", "on", "1", "y", "t" };
        static const char *const no[] = { "no", "false", "off", "0", "n", "f" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
                        *(bool *) field = strcasecmp(value, yes[i]) == 0;
                        return 0;
                }

        *ret_expected = "yes or no";
        return -EINVAL;
}

int conf_parse_unsigned(const char *value, void *field, const char **ret_expected) {
        uint64_t number;

        if (parse_uint(value, UINT_MAX, &number) < 0) {
                *ret_expected = "a number";
                return -EINVAL;
        }

        *(unsigned *) field = (unsigned) number;
        return 0;
}

int conf_parse_sec(const char *value, void *field, const char **ret_expected) {
        uint64_t usec;

        if (parse_sec(value, &usec) < 0) {
                *ret_expected = "a time span, such as 90, 5min or 500ms";
                return -EINVAL;
        }

        *(uint64_t *) field = usec;
        return 0;
}

int conf_parse_string(const char *value, void *field, const char **ret_expected) {
        char **string = field, *copy = NULL;

        (void) ret_expected;

        if (!isempty(value)) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }

        free(*string);
        *string = copy;
        return 0;
}

static size_t strv_length(char **strv) {
        size_t n = 0;

        while (strv && strv[n])
                n++;
        return n;
}

char **strv_free(char **strv) {
        for (size_t i = 0; strv && strv[i]; i++)
                free(strv[i]);
        free(strv);
        return NULL;
}

int strv_add(char ***strv, const char *word, size_t length) {
        size_t n = strv_length(*strv);
        char **grown, *copy;

        grown = reallocarray(*strv, n + 2, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        *strv = grown;
        grown[n] = NULL;

        copy = strndup(word, length);
        if (!copy)
                return -ENOMEM;

        grown[n] = copy;
        grown[n + 1] = NULL;
        return 0;
}

int conf_parse_strv(const char *value, void *field, const char **ret_expected) {
        char ***strv = field;

        (void) ret_expected;

        if (isempty(value)) {
                *strv = strv_free(*strv);
                return 0;
        }

        for (const char *p = value; *(p += strspn(p, " \t"));) {
                size_t length = strcspn(p, " \t");
                int r = strv_add(strv, p, length);

                if (r < 0)
                        return r;
                p += length;
        }

        return 0;
}

int conf_parse_image_patterns(const char *value, void *field, const char **ret_expected) {
        char ***patterns = field;
        int r;

        r = conf_parse_strv(value, field, ret_expected);
        if (r < 0)
                return r;

        for (char **pattern = *patterns; pattern && *pattern; pattern++)
                if (glob_validate(*pattern, NULL, NULL) < 0) {
                        *ret_expected = "patterns over \"domain/path\", such as ghcr.io/acme/*";
                        return -EINVAL;
                }

        return 0;
}

bool image_patterns_take(char *const *patterns, const char *repository) {
        assert(repository);

        if (!patterns || !*patterns)
                return true;

        for (; *patterns; patterns++)
                if (glob_match(*patterns, repository) > 0)
                        return true;

        return false;
}

int conf_parse_max_deploys(const char *value, void *field, const char **ret_expected) {
        unsigned count = 0;

        if (conf_parse_unsigned(value, &count, ret_expected) < 0 || count == 0 ||
            count > DEPLOYS_MAX_LIMIT) {
                *ret_expected = "a number from 1 to 64";
                return -EINVAL;
        }

        *(unsigned *) field = count;
        return 0;
}

int conf_parse_timeout(const char *value, void *field, const char **ret_expected) {
        uint64_t usec = 0;

        if (conf_parse_sec(value, &usec, ret_expected) < 0 || usec == 0 || usec > TIMEOUT_MAX_USEC) {
                *ret_expected = "a time span above zero, such as 90, 5min or 500ms, and a day at most";
                return -EINVAL;
        }

        *(uint64_t *) field = usec;
        return 0;
}

int conf_parse_at_most(ConfParse parse, const char *value, void *field, uint64_t max, const char *expected,
                       const char **ret_expected) {
        uint64_t usec = 0;
        int r;

        r = parse(value, &usec, ret_expected);
        if (r < 0)
                return r;

        if (usec > max) {
                *ret_expected = expected;
                return -EINVAL;
        }

        *(uint64_t *) field = usec;
        return 0;
}
