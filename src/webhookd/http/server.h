/* SPDX-License-Identifier: MIT */
/*
 * Server: the listening sockets that systemd hands over, and the limits on them and on their connections (connection.h). HTTP/1.1 only.
 * A connection that gets nothing done within CONNECTION_TIMEOUT_USEC is closed, whatever it sends or reads meanwhile. When
 * there are too many, the oldest that has asked for nothing makes room (crowd.h). One that is refused before its request is
 * complete is read to its end, so that its client sees the answer (linger.h). A connection whose answer is held back (waiters.h) has a
 * place and a time of its own, and closes after it.
 *
 * The room http/ is the only one that knows libh2o and libssl. webhookd.c alone includes its headers: this one, loop.h and
 * tls.h. The room turns bytes into a Request and an Answer into bytes. It never looks into a body, and never touches the store.
 */
#pragma once

#include <systemd/sd-event.h>

#include "shared/macro.h"
#include "webhookd/delivery/delivery.h"
#include "webhookd/http/loop.h"
#include "webhookd/http/tls.h"
#include "webhookd/turn.h"
#include "webhookd/waiters.h"

/* A request's head and body have to be there within this time (also an idle connection's life), by the library. */
#define REQUEST_TIMEOUT_MSEC 10000U
/* A TLS handshake, from the connection on, by the library. */
#define HANDSHAKE_TIMEOUT_MSEC 5000U

typedef struct Server Server;

typedef enum ServerListen {
        SERVER_LISTEN_PLAIN,
        SERVER_LISTEN_TLS,
} ServerListen;

/* Called when a connection came or went: the daemon is not idle. */
typedef void (*ServerActivity)(void *userdata);

/* -ENOTSUP: libh2o would decode chunks by itself (chunk.h). */
int server_new(Loop *loop, sd_event *event, Delivery *delivery, Turn *turn, Waiters *waiters,
               unsigned max_connections, ServerActivity activity, void *userdata, Server **ret);
Server *server_free(Server *server);
DEFINE_CLEANUP(Server, server_free)

/* What SERVER_LISTEN_TLS speaks from now on; borrowed. Without it, such listeners close every connection at once. */
void server_set_tls(Server *server, Tls *tls);

/* Listens on a duplicate of `fd`, a listening stream socket; connections of AF_UNIX are those of a proxy in front. */
int server_listen(Server *server, int fd, ServerListen how);

/*
 * Stops accepting. Connections that have been served end; those that have not may still ask, for STOP_TIMEOUT_USEC; requests
 * under way are answered. What is not accepted stays in the backlog.
 */
void server_stop(Server *server);

/* To be called after every turn: requests that are not complete must not take all memory together (crowd.h). */
void server_relieve(Server *server);

size_t server_count_connections(const Server *server);
