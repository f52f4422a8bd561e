/* SPDX-License-Identifier: MIT */
/*
 * Heads of requests, read in the one way that there is (RFC 9112, sections 2.2, 3, 5 and 6.3): one that two parsers could read in two
 * ways is refused, so that nothing in front of this server can be made to disagree with it. libh2o's own parser takes such heads,
 * and those that it does not take it answers by itself: this one stands in for it (stand-in.h). Pure.
 */
#pragma once

#include "webhookd/request.h"

/* Bytes of a head; libh2o has the same limit. */
#define HEAD_BYTES_MAX (8192U + 4096U * REQUEST_HEADERS_MAX)

typedef enum HeadVerdict {
        HEAD_COMPLETE,
        HEAD_INCOMPLETE,
        HEAD_MALFORMED,
        HEAD_TOO_LARGE, /* the body that it announces has more than BODY_MAX bytes */
} HeadVerdict;

/* Borrows everything. */
typedef struct Head {
        Bytes method;
        Bytes path;
        int minor_version;                  /* of HTTP/1 */
        Header fields[REQUEST_HEADERS_MAX]; /* their names as they came */
        size_t n_fields;
        size_t length; /* up to and including the empty line */
} Head;

/*
 * The head at the start of `bytes`; what follows it is not looked at. `*ret` is filled with HEAD_COMPLETE alone. It is complete
 * only where it is of HTTP/1.0 or HTTP/1.1, has only lines that end in CRLF, no folded lines, no white space before a colon, no
 * control characters, one Host at most and for HTTP/1.1 exactly one, and at most one of Content-Length and Transfer-Encoding, the
 * latter for HTTP/1.1 alone. The first `seen` bytes were HEAD_INCOMPLETE before.
 */
HeadVerdict head_read(Bytes bytes, size_t seen, Head *ret);

/*
 * What libh2o calls: the length of the head, or -2, there is more to come. One that is refused is handed on as a request without a
 * method, which no sender can make. Expect is not handed on of HTTP/1.0, where nothing may be answered to it (RFC 9110, section
 * 10.1.1).
 */
int phr_parse_request(const char *buffer, size_t size, const char **ret_method, size_t *ret_method_length,
                      const char **ret_path, size_t *ret_path_length, int *ret_minor_version, Header *fields,
                      size_t *n_fields, size_t seen);

/* Whether the program's libraries find this parser by its name. */
bool head_parser_is_in_place(void);
