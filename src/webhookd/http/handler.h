/* SPDX-License-Identifier: MIT */
/* Handler: converts h2o's requests to Requests, and Answers to h2o's responses. Nothing is decided here. */
#pragma once

#include "webhookd/delivery/delivery.h"
#include "webhookd/turn.h"
#include "webhookd/waiters.h"

struct st_h2o_pathconf_t;
struct st_h2o_req_t;

/* What the handler wants to know of the connection of a request. */
typedef struct HandlerPeer {
        void *connection;   /* for answered() */
        const char *remote; /* the peer's address as text */
        bool behind_proxy;  /* X-Forwarded-For is trusted, and no connection is kept */
        bool stopping;      /* no connection is kept */
        bool large;         /* its request takes so much memory that its answer is not held back */
        Bytes head;         /* the request's head as it came, and perhaps more */
} HandlerPeer;

typedef struct HandlerHooks {
        /* The peer of a request; also tells that a request came. */
        HandlerPeer (*peer)(struct st_h2o_req_t *req, void *userdata);
        /*
         * The answer of that connection is held back: false where it must not be. It closes afterwards. What ends the
         * wait early is its client's end, by waiters_release().
         */
        bool (*hold)(void *connection, Waiter *waiter, void *userdata);
        /* It is held back no longer. */
        void (*let_go)(void *connection, void *userdata);
        /* The request of that connection is gone: its answer is through, or nobody waits for it. */
        void (*answered)(void *connection, void *userdata);
        /* The connection of that request closes after its answer, though its client may still be sending. */
        void (*closing)(struct st_h2o_req_t *req, void *userdata);
} HandlerHooks;

/* Registers itself at `path`, and lives as long as that. Borrows the rest. */
void handler_register(struct st_h2o_pathconf_t *path, Delivery *delivery, Turn *turn, Waiters *waiters,
                      const HandlerHooks *hooks, void *userdata);
