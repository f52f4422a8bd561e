/* SPDX-License-Identifier: MIT */
/* X-Forwarded-For: see forwarded.h. */
#include "webhookd/http/forwarded.h"

/* Proxies add to a line that a client sent, or add a line of their own below it. */
static const Header *last_forwarded(const Request *request) {
        static const char name[] = "x-forwarded-for";

        for (size_t i = request->n_headers; i > 0; i--)
                if (bytes_equal(request->headers[i - 1].name, name))
                        return &request->headers[i - 1];

        return NULL;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* Bytes that every name, address and port is made of: what a client sent may be anything, and the journal is told. */
static bool may_be_address(const char *text, size_t length) {
        for (size_t i = 0; i < length; i++)
                if (text[i] <= ' ' || text[i] > '~')
                        return false;

        return length > 0 && length <= FORWARDED_MAX;
}

const char *forwarded_remote(const Request *request, char buffer[static FORWARDED_MAX + 1]) {
        const Header *header;
        size_t start, end;

        assert(request);

        header = last_forwarded(request);
        if (!header)
                return NULL;

        end = header->value.length;
        while (end > 0 && is_blank(header->value.data[end - 1]))
                end--;
        for (start = end; start > 0 && header->value.data[start - 1] != ','; start--)
                ;
        while (start < end && is_blank(header->value.data[start]))
                start++;
        if (!may_be_address(header->value.data + start, end - start))
                return NULL;

        memcpy(buffer, header->value.data + start, end - start);
        buffer[end - start] = '\0';
        return buffer;
}
