/* SPDX-License-Identifier: MIT */
/*
 * HeadWatch: ends requests by their head alone. libh2o shows a request when its body is complete, and keeps what there is of it until then.
 * So that strangers hold no bodies here, each head is judged as soon as it has come: what needs no body for its answer gets that at once,
 * the library lets go of the connection and what it has read, and its owner reads the rest and drops it (linger.h).
 */
#pragma once

#include "webhookd/delivery/delivery.h"

struct st_h2o_context_t;
struct st_h2o_socket_t;

/* What is the same for all connections. Borrows everything. */
typedef struct HeadJudge {
        Delivery *delivery;
        struct st_h2o_context_t *context;
        /* The answer is through, or there is an error: to call head_watch_end(). */
        void (*answered)(struct st_h2o_socket_t *socket, const char *error);
} HeadJudge;

/* Of a connection. Its owner embeds it, zeroed. */
typedef struct HeadWatch {
        size_t looked; /* bytes of the request in which its head does not end */
        bool is_over;  /* the head was judged */
        char *answer;  /* what is sent; owned */
        void (*read)(struct st_h2o_socket_t *socket, const char *error); /* the library's */
} HeadWatch;

/*
 * Looks at what has come of a request that was not shown yet; to be called after a turn of the library. `remote` is the peer's address
 * as text.
 */
void head_watch_look(HeadWatch *watch, const HeadJudge *judge, struct st_h2o_socket_t *socket,
                     const char *remote, bool behind_proxy);

/* Has the library close the connection, though its client may still be sending. */
void head_watch_end(HeadWatch *watch, struct st_h2o_socket_t *socket);

/* The next request begins. */
void head_watch_begin(HeadWatch *watch);

/* The connection is gone. */
void head_watch_done(HeadWatch *watch);
