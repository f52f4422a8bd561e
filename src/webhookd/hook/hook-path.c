/* SPDX-License-Identifier: MIT */
/* One form of many: see hook-path.h. */
#include "webhookd/hook/hook-path.h"

#include <strings.h>

#include "shared/hex.h"

/* The digits of an id are no more than those of DEPLOY_ID_MAX. */
#define ID_DIGITS_MAX 16U
#define TAIL_MAX      (sizeof(HOOK_DEPLOYS) - 1 + ID_DIGITS_MAX)
/* What is before the query has this many bytes at most: each of the path's in three, and as much for the address. */
#define RAW_MAX (6 * HOOK_PATH_LENGTH + 3 * TAIL_MAX)
/* What turns an ASCII capital into a small letter. */
#define SMALL_BIT 0x20

/* The path of an absolute form; every other one as it is. */
static Bytes without_address(Bytes raw) {
        static const char *const schemes[] = { "http://", "https://" };

        for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                size_t length = strlen(schemes[i]);
                const char *slash;

                if (raw.length < length || strncasecmp(raw.data, schemes[i], length) != 0)
                        continue;

                slash = memchr(raw.data + length, '/', raw.length - length);
                return slash ? (Bytes){ slash, raw.length - (size_t) (slash - raw.data) } : (Bytes){ "", 0 };
        }

        return raw;
}

static Bytes without_query(Bytes raw) {
        size_t n = 0;

        while (n < raw.length && n <= RAW_MAX && raw.data[n] != '?' && raw.data[n] != '#')
                n++;

        return (Bytes){ raw.data, n };
}

/* The next byte, decoded and in small letters. */
static char next_byte(Bytes *raw) {
        char c = raw->data[0];
        size_t n = 1;

        if (c == '%' && raw->length > 2 && hex_value(raw->data[1]) >= 0 && hex_value(raw->data[2]) >= 0) {
                c = (char) (hex_value(raw->data[1]) * 16 + hex_value(raw->data[2]));
                n = 3;
        }

        *raw = (Bytes){ raw->data + n, raw->length - n };
        return (char) (c >= 'A' && c <= 'Z' ? c | SMALL_BIT : c);
}

/* What is behind the secret, which has to be a deploy's id as it is written in answers. */
static uint64_t read_deploy(const char *tail, size_t length) {
        size_t n = strlen(HOOK_DEPLOYS);
        uint64_t id = 0;

        if (length <= n || length > TAIL_MAX || memcmp(tail, HOOK_DEPLOYS, n) != 0 || tail[n] == '0')
                return 0;

        for (; n < length; n++) {
                if (tail[n] < '0' || tail[n] > '9')
                        return 0;
                id = 10 * id + (uint64_t) (tail[n] - '0');
        }

        return id <= DEPLOY_ID_MAX ? id : 0;
}

void hook_path_read(HookPath *path, Bytes raw) {
        size_t length = 0, end = 0; /* without the slashes at the end */
        char before = '\0', tail[TAIL_MAX];

        assert(path);
        assert(raw.data || raw.length == 0);

        *path = (HookPath){ .fits = false };
        raw = without_query(without_address(raw));
        if (raw.length > RAW_MAX)
                return;

        while (raw.length > 0) {
                char c = next_byte(&raw);

                if (c == '/' && before == '/')
                        continue;
                if (length < sizeof(path->text))
                        path->text[length] = c;
                else if (length < sizeof(path->text) + sizeof(tail))
                        tail[length - sizeof(path->text)] = c;
                length++;
                if (c != '/')
                        end = length;
                before = c;
        }

        if (end > sizeof(path->text))
                path->deploy = read_deploy(tail, end - sizeof(path->text));
        path->fits = end == sizeof(path->text) || path->deploy > 0;
}
