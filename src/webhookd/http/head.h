/* SPDX-License-Identifier: MIT */
/*
 * Strictness that the HTTP library lacks: heads that two parsers could read in two ways (RFC 9112, sections 2.2, 3.2, 5.2
 * and 6.3) are refused, so that nothing in front of this server can be made to disagree with it. Pure.
 */
#pragma once

#include "webhookd/request.h"

/*
 * Whether the head at the start of `bytes` (up to and including its empty line; what follows is not looked at) is of
 * HTTP/1.0 or HTTP/1.1 and has only lines that end in CRLF, no folded lines, no white space before a colon, one Host at most
 * and for HTTP/1.1 exactly one, and at most one of Content-Length and Transfer-Encoding, the latter for HTTP/1.1 alone.
 */
bool head_is_strict(Bytes bytes);

/*
 * How long the head at the start of `bytes` is, its empty line included; 0 where that has not come. `*looked` is how many bytes were looked
 * at before, of the same head, and is brought up to date.
 */
size_t head_end(Bytes bytes, size_t *looked);

/* The headers that are of use before there is a body. */
#define HEAD_HEADERS_MAX 2U

/*
 * What a whole head asks for: the method, the path, and the headers Content-Length and X-Forwarded-For, the last of each. What is not
 * there is empty. `*ret` borrows from both.
 */
void head_read(Bytes head, Header headers[static HEAD_HEADERS_MAX], Request *ret);

/* Whether Content-Length says that the body has more than `most` bytes. One that is no number was refused before. */
bool head_announces_more(const Request *request, size_t most);
