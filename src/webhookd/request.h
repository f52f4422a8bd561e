/* SPDX-License-Identifier: MIT */
/*
 * Request and Answer: what a delivery is made from and what comes of it, free of any HTTP library. A Request borrows
 * everything; an Answer owns its body.
 *
 * Every room on the way of a delivery includes this header, and sees no more of HTTP than it shows. It uses no other room, and
 * never judges what it carries.
 */
#pragma once

#include "shared/json.h"
#include "shared/macro.h"
#include "shared/protocol.h"

/* The most headers of a request; libh2o has the same limit. */
#define REQUEST_HEADERS_MAX 100U
/* A delivery id in one of them that has more bytes than this is none. */
#define DELIVERY_ID_MAX 255U

typedef struct Bytes {
        const char *data;
        size_t length;
} Bytes;

typedef struct Header {
        Bytes name; /* in small letters */
        Bytes value;
} Header;

typedef struct Request {
        Bytes method;
        Bytes path; /* as it came, undecoded, with its query */
        Bytes body;
        const Header *headers;
        size_t n_headers;
        const char *remote; /* the peer's address as text, for the journal */
} Request;

/* Whether that is the header's name (small letters). */
bool header_is(const Header *header, const char *name);

/* The first header of that name (small letters), or NULL. */
const Header *request_header(const Request *request, const char *name);

static inline bool bytes_equal(Bytes bytes, const char *text) {
        return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

/* A NUL-terminated copy; NULL when out of memory. */
char *bytes_to_string(Bytes bytes);

/* The most deploys that an answer tells of. */
#define DEPLOYS_TOLD_MAX 256U

typedef struct Answer {
        int status;
        char *body; /* JSON on one line, owned; NULL: the fixed text of the status */
        char *allowed_origin; /* with OPTIONS: the sender that asked whether it may call here, and may; owned, or NULL */
        const char *allow; /* with 405: the method that is allowed here; static, NULL: POST */
        json_t *deploys; /* what the body tells of deploys, to be told anew as they go on: see delivery_refresh(); owned, or NULL */
        uint64_t wait_usec; /* how long its sender waits for these to be through; 0: not at all */
        bool accepted;      /* depends on the commit of this turn: becomes 503 when that fails */
} Answer;

void answer_done(Answer *answer);

/* An answer without details: 404, 405, 503. */
void answer_set_status(Answer *answer, int status);

/* `{"error":…,"detail":…}` with a status; when memory is short, the status alone. */
void answer_set_error(Answer *answer, int status, const char *error, const char *detail_format, ...)
                _printf_(4, 5);
