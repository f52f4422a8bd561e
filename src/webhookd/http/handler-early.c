/* SPDX-License-Identifier: MIT */
/* The library's own answers: see handler-early.h. */
#include "webhookd/http/handler-early.h"

#include <h2o.h>

#include "webhookd/http/connection.h"
#include "webhookd/http/status-text.h"

/* With nothing to replace there is no body: an answer to HEAD. */
static void on_send(h2o_ostream_t *stream, h2o_req_t *req, h2o_iovec_t *parts, size_t n,
                    h2o_send_state_t state) {
        const char *body = status_text(req->res.status)->body;
        h2o_iovec_t replaced = h2o_iovec_init(body, strlen(body));

        (void) parts;

        h2o_ostream_send_next(stream, req, &replaced, n > 0, state);
}

static void on_answer(h2o_filter_t *super, h2o_req_t *req, h2o_ostream_t **slot) {
        const StatusText *text = status_text(req->res.status);
        h2o_ostream_t *stream;

        (void) super;

        req->res.status = text->status;
        req->res.reason = text->reason;
        req->res.content_length = strlen(text->body);
        (void) h2o_set_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
                              H2O_STRLIT("application/json"),
                              /* overwrite_if_exists= */ 1);
        if (!req->http1_is_persistent)
                connection_linger(req);

        stream = h2o_add_ostream(req, sizeof(*stream), slot);
        stream->do_send = on_send;
        h2o_setup_next_ostream(req, &stream->next);
}

void early_register(struct st_h2o_pathconf_t *path) {
        assert(path);

        h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = on_answer;
}
