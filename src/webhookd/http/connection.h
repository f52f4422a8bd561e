/* SPDX-License-Identifier: MIT */
/*
 * Connection: a socket that was accepted, from then on until libh2o has closed it, with all that is known of its client; and
 * Connections, all of them together. The server accepts, and asks something of all. The handler tells of one what becomes of its
 * requests. Both are above: nothing here calls them.
 */
#pragma once

#include <systemd/sd-event.h>

#include "webhookd/http/crowd.h"
#include "webhookd/http/hang-up.h"
#include "webhookd/http/head-watch.h"
#include "webhookd/http/linger.h"

/* From one request to the next, or to the answer being read; by our own, monotonic clock. */
#define CONNECTION_TIMEOUT_USEC (15 * USEC_PER_SEC)
/* The most that an answer which is held back may keep in memory of its request; a larger one is not held back. */
#define HELD_BYTES_MAX ((size_t) 64 * 1024)
/* When the server stops: what a connection that has not asked for anything yet is given to do so. */
#define STOP_TIMEOUT_USEC (3 * USEC_PER_SEC)

struct st_h2o_req_t;

typedef struct Connection Connection;

/* Called when one came or went, or asked for something: the daemon is not idle. */
typedef void (*ConnectionActivity)(void *userdata);

/* All connections, and what they have in common. Its owner embeds it. */
typedef struct Connections {
        sd_event *event;
        Waiters *waiters;
        Connection *first;
        size_t n;
        Crowd crowd;
        HeadJudge judge;
        Linger *linger;
        bool stopping;
        ConnectionActivity activity;
        void *userdata;
} Connections;

/* Borrows everything: `context` is looked at when there are connections. */
int connections_init(Connections *connections, sd_event *event, Delivery *delivery, Waiters *waiters,
                     struct st_h2o_context_t *context, size_t limit, ConnectionActivity activity,
                     void *userdata);
/* Connections that are still there need the memory of this, until the end of the process. */
void connections_done(Connections *connections);

/* Whether one more would have to wait (crowd.h). */
bool connections_are_full(const Connections *connections);

/* Ends those that are overdue. */
void connections_sweep(Connections *connections);

/* Looks at the heads that have come, and ends those whose requests take too much memory together (crowd.h). */
void connections_relieve(Connections *connections);

/* Ends those that have been served. Those that have not may still ask, for STOP_TIMEOUT_USEC. */
void connections_stop(Connections *connections);

/* Those that hold up the end. */
size_t connections_count(const Connections *connections);

/* `socket` was just accepted, and remains the caller's on failure: -EUSERS: there is no place for it, -ENOMEM. */
int connection_new(Connections *connections, struct st_h2o_socket_t *socket, bool behind_proxy);

/* What the handler wants to know of the connection of a request. */
typedef struct ConnectionPeer {
        Connection *connection;
        const char *remote; /* the peer's address as text */
        bool behind_proxy;  /* X-Forwarded-For is trusted, and no connection is kept */
        bool stopping;      /* no connection is kept */
        bool large;         /* its request takes so much memory that its answer is not held back */
        Bytes head;         /* the request's head as it came, and perhaps more */
} ConnectionPeer;

/* A request has come. */
ConnectionPeer connection_ask(struct st_h2o_req_t *req);

/*
 * Its answer is held back: false where it must not be. It closes afterwards. What ends the wait early is its client's end, by
 * waiters_release().
 */
bool connection_hold(Connection *connection, Waiter *waiter);
/* It is held back no longer. */
void connection_let_go(Connection *connection);

/* Its request is gone: its answer is through, or nobody waits for it. */
void connection_answered(Connection *connection);

/* The connection of that request closes after its answer, though its client may still be sending. */
void connection_linger(struct st_h2o_req_t *req);
