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

/* Behind a line feed: whether a line begins there that is empty. The library takes bare line feeds. */
static size_t empty_line(Bytes rest) {
        if (rest.length > 0 && rest.data[0] == '\n')
                return 1;
        return rest.length > 1 && rest.data[0] == '\r' && rest.data[1] == '\n' ? 2 : 0;
}

size_t head_end(Bytes bytes, size_t *looked) {
        size_t at, empty;
        const char *lf;

        assert(looked);

        /* What may be the beginning of the end is looked at again. */
        for (at = *looked < 2 ? 0 : *looked - 2; at < bytes.length; at = (size_t) (lf - bytes.data) + 1) {
                lf = memchr(bytes.data + at, '\n', bytes.length - at);
                if (!lf)
                        break;

                at = (size_t) (lf - bytes.data) + 1;
                empty = empty_line((Bytes){ lf + 1, bytes.length - at });
                if (empty > 0)
                        return at + empty;
        }

        *looked = bytes.length;
        return 0;
}

/* What is in front of the first blank of `*rest`, and `*rest` behind it. */
static Bytes next_word(Bytes *rest) {
        const char *blank = rest->length > 0 ? memchr(rest->data, ' ', rest->length) : NULL;
        size_t length = blank ? (size_t) (blank - rest->data) : rest->length;
        Bytes word = { rest->data, length };

        rest->data += blank ? length + 1 : length;
        rest->length -= blank ? length + 1 : length;
        return word;
}

void head_read(Bytes head, Header headers[static HEAD_HEADERS_MAX], Request *ret) {
        static const char *const names[HEAD_HEADERS_MAX] = { "content-length", "x-forwarded-for" };
        Bytes line;

        assert(ret);

        *ret = (Request){ { "", 0 }, { "", 0 }, { "", 0 }, headers, HEAD_HEADERS_MAX, NULL };
        for (size_t i = 0; i < HEAD_HEADERS_MAX; i++)
                headers[i] = (Header){ { "", 0 }, { "", 0 } };
        if (!head_next_line(&head, &line))
                return;

        ret->method = next_word(&line);
        ret->path = next_word(&line);
        while (head_next_line(&head, &line) && line.length > 0)
                for (size_t i = 0; i < HEAD_HEADERS_MAX; i++) {
                        size_t length = strlen(names[i]);

                        if (line.length > length && line.data[length] == ':' &&
                            name_is((Bytes){ line.data, length }, names[i]))
                                headers[i] = (Header){ { names[i], length },
                                                       { line.data + length + 1,
                                                         line.length - length - 1 } };
                }
}

bool head_announces_more(const Request *request, size_t most) {
        const Header *header;
        size_t sum = 0;

        assert(request);

        header = request_header(request, "content-length");
        if (!header)
                return false;

        for (size_t i = 0; i < header->value.length && sum <= most; i++)
                if (header->value.data[i] >= '0' && header->value.data[i] <= '9')
                        sum = sum * 10 + (size_t) (header->value.data[i] - '0');

        return sum > most;
}
