/* SPDX-License-Identifier: MIT */
/* Between h2o and the delivery: see handler.h. */
#include "webhookd/http/handler.h"

#include <h2o.h>
#include <stdio.h>

#include "shared/time-util.h"
#include "webhookd/http/connection.h"
#include "webhookd/http/forwarded.h"
#include "webhookd/http/head.h"
#include "webhookd/http/status-text.h"

typedef struct Handler {
        h2o_handler_t super;
        Delivery *delivery;
        Turn *turn;
        Waiters *waiters;
} Handler;

typedef struct HandlerAnswer HandlerAnswer;

/* An answer that is held back. */
typedef struct HeldAnswer {
        Waiter super;
        HandlerAnswer *answer;
} HeldAnswer;

struct HandlerAnswer {
        TurnAnswer super;
        Handler *handler;
        Connection *connection;
        h2o_req_t *req;
        HeldAnswer *held; /* or NULL; of the request's pool */
        bool close;
};

static_assert(DEPLOYS_TOLD_MAX == WAITER_DEPLOYS_MAX, "an answer waits for all that it tells of");

/* The request is gone: sent, or its connection was closed before. */
static void on_request_disposed(void *p) {
        HandlerAnswer *answer = p;

        if (answer->held)
                waiters_remove(answer->handler->waiters, &answer->held->super);
        turn_remove(answer->handler->turn, &answer->super);
        answer_done(&answer->super.answer);
        connection_answered(answer->connection);
}

static Bytes bytes_from_h2o(h2o_iovec_t vector) {
        return (Bytes){ vector.base ? vector.base : "", vector.len };
}

static void add_header(h2o_req_t *req, const char *name, const char *value) {
        (void) h2o_add_header_by_str(&req->pool, &req->res.headers, name, strlen(name), 0, NULL, value,
                                     strlen(value));
}

/* To a sender that asks with OPTIONS: it may, at any rate. */
static void answer_allow(h2o_req_t *req, const char *origin) {
        const struct {
                const char *name, *value;
        } headers[] = { { "allow", "POST" },
                        { "webhook-allowed-origin", origin },
                        { "webhook-allowed-rate", "*" } };

        for (size_t i = 0; i < ELEMENTSOF(headers); i++)
                add_header(req, headers[i].name, headers[i].value);
}

/* The library copies the body. Ours goes at once, and not when its client has read it. */
static void answer_write(HandlerAnswer *answer) {
        _cleanup_(answer_done) Answer own = answer->super.answer;
        const Answer *told = &own;
        const StatusText *text = status_text(told->status);
        const char *body = told->body ? told->body : text->body;
        h2o_req_t *req = answer->req;

        answer->super.answer = (Answer){ 0 };
        req->res.status = text->status;
        req->res.reason = text->reason;
        req->res.content_length = strlen(body);
        (void) h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                              H2O_STRLIT("application/json"));
        if (text->header_name)
                add_header(req, text->header_name, told->allow ? told->allow : text->header_value);
        if (told->deploys)
                add_header(req, "cache-control", "no-store");
        if (told->allowed_origin)
                answer_allow(req, told->allowed_origin);
        if (answer->close)
                req->http1_is_persistent = 0;

        h2o_send_inline(req, body, strlen(body));
}

/* Its answer follows with those of this turn, and tells what there is then. */
static void on_woken(Waiter *waiter) {
        HandlerAnswer *answer = ((HeldAnswer *) waiter)->answer;
        Handler *handler = answer->handler;

        answer->close = true;
        connection_let_go(answer->connection);
        turn_add(handler->turn, &answer->super);
}

/* Whether it is held back, and then without its body. Where it cannot be, its sender is told how it stands, and may ask again. */
static bool answer_hold(HandlerAnswer *answer, const uint64_t *open, size_t n_open) {
        Handler *handler = answer->handler;
        Waiter *waiter = &answer->held->super;

        memcpy(waiter->deploys, open, n_open * sizeof(*open));
        waiter->n = n_open;
        if (waiters_add(handler->waiters, waiter) < 0)
                return false;
        if (!connection_hold(answer->connection, waiter)) {
                waiters_remove(handler->waiters, waiter);
                return false;
        }

        free(answer->super.answer.body);
        answer->super.answer.body = NULL;
        return true;
}

/* Its time begins with the commit of its turn. A deploy that follows another one is waited for within the same time. */
static bool answer_may_wait(HandlerAnswer *answer, const char *hook) {
        if (answer->super.answer.wait_usec == 0)
                return false;
        if (answer->held)
                return !answer->held->super.is_over;

        answer->held = h2o_mem_alloc_pool(&answer->req->pool, sizeof(*answer->held));
        *answer->held = (HeldAnswer){
                .super = { .until = now_usec(CLOCK_MONOTONIC) + answer->super.answer.wait_usec,
                           .wake = on_woken },
                .answer = answer,
        };
        (void) snprintf(answer->held->super.hook, sizeof(answer->held->super.hook), "%s", hook);
        return true;
}

/* After the commit of its turn: what is told of deploys is on disk. Who has waited is told as long as its secret is one. */
static void answer_send(TurnAnswer *super) {
        HandlerAnswer *answer = (HandlerAnswer *) super;
        Delivery *delivery = answer->handler->delivery;
        uint64_t open[DEPLOYS_TOLD_MAX];
        const char *hook = NULL;
        size_t n_open = 0;

        if (super->answer.deploys) {
                hook = delivery_find_hook(delivery, bytes_from_h2o(answer->req->input.path));
                if (hook)
                        delivery_refresh(delivery, &super->answer, open, &n_open);
                else
                        answer_set_status(&super->answer, 404);
        }
        if (n_open > 0 && answer_may_wait(answer, hook) && answer_hold(answer, open, n_open))
                return;

        answer_write(answer);
}

static const Header *headers_from_h2o(h2o_req_t *req) {
        Header *headers = h2o_mem_alloc_pool(&req->pool, (req->headers.size + 1) * sizeof(*headers));

        for (size_t i = 0; i < req->headers.size; i++)
                headers[i] = (Header){
                        .name = bytes_from_h2o(*req->headers.entries[i].name),
                        .value = bytes_from_h2o(req->headers.entries[i].value),
                };

        return headers;
}

/* Whatever its secret is. Who breaks the rules may go on to do so. */
static void refuse(HandlerAnswer *answer, int status) {
        answer_set_status(&answer->super.answer, status);
        answer->close = true;
        connection_linger(answer->req);
}

static int on_request(h2o_handler_t *super, h2o_req_t *req) {
        Handler *handler = (Handler *) super;
        ConnectionPeer peer = connection_ask(req);
        char forwarded[FORWARDED_MAX + 1];
        HandlerAnswer *answer;
        Request request;

        answer = h2o_mem_alloc_shared(&req->pool, sizeof(*answer), on_request_disposed);
        *answer = (HandlerAnswer){
                .super.send = answer_send,
                .handler = handler,
                .connection = peer.connection,
                .req = req,
                .close = peer.stopping || peer.behind_proxy,
        };

        request = (Request){
                .method = bytes_from_h2o(req->input.method),
                .path = bytes_from_h2o(req->input.path),
                .body = bytes_from_h2o(req->entity),
                .headers = headers_from_h2o(req),
                .n_headers = req->headers.size,
        };
        request.remote = peer.behind_proxy ? forwarded_remote(&request, forwarded) : NULL;
        if (!request.remote)
                request.remote = peer.remote;

        if (!head_is_strict(peer.head))
                refuse(answer, 400);
        else if (request.body.length > BODY_MAX)
                refuse(answer, 413);
        else
                delivery_handle(handler->delivery, &request, &answer->super.answer);
        /* Before it takes a place, which another one would make for it. */
        if (peer.large)
                answer->super.answer.wait_usec = 0;

        turn_add(handler->turn, &answer->super);
        return 0;
}

void handler_register(struct st_h2o_pathconf_t *path, Delivery *delivery, Turn *turn, Waiters *waiters) {
        Handler *handler;

        assert(path);
        assert(delivery);
        assert(turn);
        assert(waiters);

        handler = (Handler *) h2o_create_handler(path, sizeof(*handler));
        handler->super.on_req = on_request;
        handler->delivery = delivery;
        handler->turn = turn;
        handler->waiters = waiters;
}
