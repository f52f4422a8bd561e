/* SPDX-License-Identifier: MIT */
/* Heads that can be read in one way only: see head.h. */
#include "webhookd/http/head.h"

#include <strings.h>

#include "webhookd/http/field.h"
#include "webhookd/http/stand-in.h"

/* Each byte is looked at once, however many pieces a head comes in. */
static HeadVerdict head_find_end(Bytes bytes, size_t seen, size_t *ret) {
        for (size_t i = seen; i < bytes.length; i++) {
                bool after_cr = i > 0 && bytes.data[i - 1] == '\r';
                char c = bytes.data[i];

                if (after_cr != (c == '\n') || (c != '\r' && c != '\n' && !field_value_can_have(c)))
                        return HEAD_MALFORMED;
                if (c != '\n')
                        continue;
                if (i == 1)
                        return HEAD_MALFORMED;
                if (i >= 3 && memcmp(bytes.data + i - 3, "\r\n\r\n", 4) == 0) {
                        *ret = i + 1;
                        return HEAD_COMPLETE;
                }
        }

        return bytes.length < HEAD_BYTES_MAX ? HEAD_INCOMPLETE : HEAD_MALFORMED;
}

/* Takes a line off `*rest`, which ends in one. */
static Bytes take_line(Bytes *rest) {
        const char *cr = memchr(rest->data, '\r', rest->length);
        Bytes line = { rest->data, (size_t) (cr - rest->data) };

        rest->data += line.length + 2;
        rest->length -= line.length + 2;
        return line;
}

static bool is_token(Bytes text) {
        for (size_t i = 0; i < text.length; i++)
                if (!field_name_can_have(text.data[i]))
                        return false;

        return text.length > 0;
}

static bool has_blank(Bytes text) {
        return memchr(text.data, ' ', text.length) || memchr(text.data, '\t', text.length);
}

static bool read_request_line(Bytes line, Head *head) {
        const char *first = memchr(line.data, ' ', line.length),
                   *last = memrchr(line.data, ' ', line.length);
        Bytes version;

        if (!first || first == last)
                return false;

        head->method = (Bytes){ line.data, (size_t) (first - line.data) };
        head->path = (Bytes){ first + 1, (size_t) (last - first - 1) };
        version = (Bytes){ last + 1, line.length - (size_t) (last + 1 - line.data) };
        head->minor_version = bytes_equal(version, "HTTP/1.1");
        return is_token(head->method) && head->path.length > 0 && !has_blank(head->path) &&
               (head->minor_version == 1 || bytes_equal(version, "HTTP/1.0"));
}

/* A line that begins with white space would be a folded one, and has no name. */
static bool read_field(Bytes line, Header *ret) {
        const char *colon = memchr(line.data, ':', line.length), *value;
        Bytes name;

        if (!colon)
                return false;

        name = (Bytes){ line.data, (size_t) (colon - line.data) };
        value = colon + 1;
        while (value < line.data + line.length && (*value == ' ' || *value == '\t'))
                value++;

        *ret = (Header){ name, { value, line.length - (size_t) (value - line.data) } };
        return is_token(name);
}

static bool name_is(Bytes name, const char *wanted) {
        return name.length == strlen(wanted) && strncasecmp(name.data, wanted, name.length) == 0;
}

/* Any number above BODY_MAX stands for all of them. */
static bool read_length(Bytes value, size_t *ret) {
        size_t length = 0;

        for (size_t i = 0; i < value.length; i++) {
                if (value.data[i] < '0' || value.data[i] > '9')
                        return false;
                if (length <= BODY_MAX)
                        length = 10 * length + (size_t) (value.data[i] - '0');
        }

        *ret = length;
        return value.length > 0;
}

/* What is to be said of the body, and to whom the request is sent, is said once. */
static HeadVerdict head_judge(const Head *head) {
        unsigned hosts = 0, lengths = 0, codings = 0;
        size_t length = 0;

        for (size_t i = 0; i < head->n_fields; i++) {
                const Header *field = &head->fields[i];

                if (name_is(field->name, "host"))
                        hosts++;
                else if (name_is(field->name, "transfer-encoding"))
                        codings++;
                else if (name_is(field->name, "content-length")) {
                        lengths++;
                        if (!read_length(field->value, &length))
                                return HEAD_MALFORMED;
                }
        }

        if (hosts > 1 || (hosts == 0 && head->minor_version == 1) || lengths + codings > 1 ||
            (codings > 0 && head->minor_version == 0))
                return HEAD_MALFORMED;

        return length > BODY_MAX ? HEAD_TOO_LARGE : HEAD_COMPLETE;
}

HeadVerdict head_read(Bytes bytes, size_t seen, Head *ret) {
        Head head = { .n_fields = 0 };
        HeadVerdict verdict;
        Bytes rest;

        assert(bytes.data || bytes.length == 0);
        assert(ret);

        verdict = head_find_end(bytes, seen, &head.length);
        if (verdict != HEAD_COMPLETE)
                return verdict;

        rest = (Bytes){ bytes.data, head.length - 2 };
        if (!read_request_line(take_line(&rest), &head))
                return HEAD_MALFORMED;
        while (rest.length > 0)
                if (head.n_fields == ELEMENTSOF(head.fields) ||
                    !read_field(take_line(&rest), &head.fields[head.n_fields++]))
                        return HEAD_MALFORMED;

        verdict = head_judge(&head);
        if (verdict == HEAD_COMPLETE)
                *ret = head;
        return verdict;
}

STAND_IN int phr_parse_request(const char *buffer, size_t size, const char **ret_method,
                               size_t *ret_method_length, const char **ret_path, size_t *ret_path_length,
                               int *ret_minor_version, Header *fields, size_t *n_fields, size_t seen) {
        Head head = { .method = { "", 0 }, .path = { "/", 1 }, .length = size };

        assert(fields);
        assert(n_fields && *n_fields >= ELEMENTSOF(head.fields));

        if (head_read((Bytes){ buffer, size }, seen, &head) == HEAD_INCOMPLETE)
                return -2;

        *ret_method = head.method.data;
        *ret_method_length = head.method.length;
        *ret_path = head.path.data;
        *ret_path_length = head.path.length;
        *ret_minor_version = head.minor_version;
        *n_fields = 0;
        for (size_t i = 0; i < head.n_fields; i++)
                if (head.minor_version > 0 || !name_is(head.fields[i].name, "expect"))
                        fields[(*n_fields)++] = head.fields[i];

        return (int) head.length;
}

bool head_parser_is_in_place(void) {
        return stand_in_is_found("phr_parse_request", (const void *) phr_parse_request);
}
