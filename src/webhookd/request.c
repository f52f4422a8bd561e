/* SPDX-License-Identifier: MIT */
/* What is common to all requests and answers: see request.h. */
#include "webhookd/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "shared/utf8.h"

#define DETAIL_SIZE 512U

bool header_is(const Header *header, const char *name) {
        assert(header);
        assert(name);

        return header->name.length == strlen(name) &&
               strncasecmp(header->name.data, name, header->name.length) == 0;
}

const Header *request_header(const Request *request, const char *name) {
        assert(request);

        for (size_t i = 0; i < request->n_headers; i++)
                if (header_is(&request->headers[i], name))
                        return &request->headers[i];

        return NULL;
}

char *bytes_to_string(Bytes bytes) {
        return strndup(bytes.data ? bytes.data : "", bytes.length);
}

void answer_done(Answer *answer) {
        assert(answer);

        free(answer->body);
        free(answer->allowed_origin);
        json_decref(answer->deploys);
        *answer = (Answer){ 0 };
}

void answer_set_status(Answer *answer, int status) {
        assert(answer);

        answer_done(answer);
        answer->status = status;
}

void answer_set_error(Answer *answer, int status, const char *error, const char *detail_format, ...) {
        _cleanup_(json_freep) json_t *j = NULL;
        char detail[DETAIL_SIZE];
        va_list args;

        assert(answer);
        assert(error);

        va_start(args, detail_format);
        (void) vsnprintf(detail, sizeof(detail), detail_format, args);
        va_end(args);
        utf8_trim(detail);

        answer_set_status(answer, status);
        j = json_pack("{s:s, s:s}", "error", error, "detail", detail);
        if (!j) {
                /* A detail that quotes bytes which are no UTF-8 cannot be told in JSON. */
                j = json_pack("{s:s}", "error", error);
                if (!j)
                        return;
        }

        (void) json_encode(j, &answer->body);
}
