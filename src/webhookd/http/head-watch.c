/* SPDX-License-Identifier: MIT */
/* Requests that end with their heads: see head-watch.h. */
#include "webhookd/http/head-watch.h"

#include <h2o.h>
#include <stdio.h>

#include "webhookd/http/forwarded.h"
#include "webhookd/http/head.h"
#include "webhookd/http/status-text.h"

/* Whether the head is enough, and then what follows from it: as the handler would have it, of a request without a body. */
static bool judge_head(const HeadJudge *judge, Bytes head, const char *remote, bool behind_proxy,
                       Request *request, Answer *ret) {
        Header headers[HEAD_HEADERS_MAX];
        char buffer[FORWARDED_MAX + 1];
        const char *forwarded;
        int status;

        head_read(head, headers, request);
        status = !head_is_strict(head) ? 400 : head_announces_more(request, BODY_MAX) ? 413 : 0;
        if (status > 0) {
                answer_set_status(ret, status);
                return true;
        }

        if (delivery_needs_body(judge->delivery, request))
                return false;

        forwarded = behind_proxy ? forwarded_remote(request, buffer) : NULL;
        request->remote = forwarded ? forwarded : remote;
        delivery_handle(judge->delivery, request, ret);
        /* What it borrowed here. */
        request->remote = NULL;
        request->headers = NULL;
        request->n_headers = 0;
        return true;
}

/* As the library writes what the handler answers. NULL when out of memory. */
static char *answer_text(const HeadJudge *judge, const Request *request, const Answer *answer) {
        const StatusText *text = status_text(answer->status);
        const char *body = answer->body ? answer->body : text->body;
        const char *value = answer->allow ? answer->allow : strempty(text->header_value);
        h2o_mem_pool_t pool;
        h2o_timestamp_t now;
        char *written;
        int r;

        h2o_mem_init_pool(&pool);
        h2o_get_timestamp(judge->context, &pool, &now);
        r = asprintf(&written,
                     "HTTP/1.1 %d %s\r\nDate: %.*s\r\nConnection: close\r\nContent-Length: %zu\r\n"
                     "content-type: application/json\r\n%s%s%s%s\r\n%s",
                     text->status, text->reason, (int) H2O_TIMESTR_RFC1123_LEN, now.str->rfc1123,
                     strlen(body), strempty(text->header_name), text->header_name ? ": " : "", value,
                     text->header_name ? "\r\n" : "", bytes_equal(request->method, "HEAD") ? "" : body);
        h2o_mem_clear_pool(&pool);
        return r < 0 ? NULL : written;
}

void head_watch_look(HeadWatch *watch, const HeadJudge *judge, struct st_h2o_socket_t *socket,
                     const char *remote, bool behind_proxy) {
        Answer answer = { 0 };
        h2o_iovec_t part;
        Request request;
        size_t length;
        Bytes head;

        assert(watch);
        assert(judge && judge->delivery && judge->context && judge->answered);
        assert(socket);

        /* What it does not read now it has shown, refused by itself, or invited with 100 (Continue). */
        if (watch->is_over || socket->input->size == 0 || !h2o_socket_is_reading(socket) ||
            h2o_socket_is_writing(socket))
                return;

        head = (Bytes){ socket->input->bytes, socket->input->size };
        length = head_end(head, &watch->looked);
        if (length == 0)
                return;

        watch->is_over = true;
        head.length = length;
        if (judge_head(judge, head, remote, behind_proxy, &request, &answer))
                watch->answer = answer_text(judge, &request, &answer);
        answer_done(&answer);
        if (!watch->answer)
                return;

        watch->read = socket->_cb.read;
        h2o_socket_read_stop(socket);
        part = h2o_iovec_init(watch->answer, strlen(watch->answer));
        h2o_socket_write(socket, &part, 1, judge->answered);
}

void head_watch_end(HeadWatch *watch, struct st_h2o_socket_t *socket) {
        assert(watch && watch->read);
        assert(socket);

        watch->read(socket, "answered by the head");
}

void head_watch_begin(HeadWatch *watch) {
        assert(watch);

        watch->looked = 0;
        watch->is_over = false;
}

void head_watch_done(HeadWatch *watch) {
        assert(watch);

        free(watch->answer);
        *watch = (HeadWatch){ 0 };
}
