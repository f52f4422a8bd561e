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
