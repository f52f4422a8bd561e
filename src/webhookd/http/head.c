/* SPDX-License-Identifier: MIT */
/* Heads that can be read in one way only: see head.h. */
#include "webhookd/http/head.h"

#include <strings.h>

typedef struct HeadCount {
        unsigned host, content_length, transfer_encoding;
} HeadCount;

/* One line of `*rest` without its CRLF, and `*rest` behind it. False where the line does not end in CRLF. */
static bool head_next_line(Bytes *rest, Bytes *ret_line) {
        const char *lf = memchr(rest->data, '\n', rest->length);
        size_t length;

        if (!lf || lf == rest->data || lf[-1] != '\r')
                return false;

        length = (size_t) (lf - rest->data);
        *ret_line = (Bytes){ rest->data, length - 1 };
        *rest = (Bytes){ lf + 1, rest->length - length - 1 };
        return !memchr(ret_line->data, '\r', ret_line->length);
}

static bool name_is(Bytes name, const char *wanted) {
        return name.length == strlen(wanted) && strncasecmp(name.data, wanted, name.length) == 0;
}

static bool head_count(Bytes line, HeadCount *count) {
        const char *colon = memchr(line.data, ':', line.length);
        Bytes name;

        /* A line that begins with white space would be a folded one. */
        if (!colon || colon == line.data || line.data[0] == ' ' || line.data[0] == '\t')
                return false;

        if (colon[-1] == ' ' || colon[-1] == '\t')
                return false;

        name = (Bytes){ line.data, (size_t) (colon - line.data) };
        if (name_is(name, "host"))
                count->host++;
        else if (name_is(name, "content-length"))
                count->content_length++;
        else if (name_is(name, "transfer-encoding"))
                count->transfer_encoding++;

        return true;
}

static bool line_ends_with(Bytes line, const char *text) {
        size_t length = strlen(text);

        return line.length >= length && memcmp(line.data + line.length - length, text, length) == 0;
}

bool head_is_strict(Bytes bytes) {
        HeadCount count = { 0 };
        bool is_1_1;
        Bytes line;

        if (!bytes.data || !head_next_line(&bytes, &line))
                return false;

        is_1_1 = line_ends_with(line, " HTTP/1.1");
        if (!is_1_1 && !line_ends_with(line, " HTTP/1.0"))
                return false;

        for (;;) {
                if (!head_next_line(&bytes, &line))
                        return false;
                if (line.length == 0)
                        break;
                if (!head_count(line, &count))
                        return false;
        }

        return count.host <= 1 && (count.host == 1 || !is_1_1) && (count.transfer_encoding == 0 || is_1_1) &&
               count.content_length + count.transfer_encoding <= 1;
}
