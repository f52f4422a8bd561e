/* SPDX-License-Identifier: MIT */
/* Connection: a socket that was accepted, from then on until libh2o has closed it, with all that is known of its client. */
#pragma once

#include "webhookd/http/crowd.h"
#include "webhookd/http/hang-up.h"
#include "webhookd/http/head-watch.h"

/* From one request to the next, or to the answer being read; by our own, monotonic clock. */
#define CONNECTION_TIMEOUT_USEC (15 * USEC_PER_SEC)
/* The most that an answer which is held back may keep in memory of its request; a larger one is not held back. */
#define HELD_BYTES_MAX ((size_t) 64 * 1024)
/* When the server stops: what a connection that has not asked for anything yet is given to do so. */
#define STOP_TIMEOUT_USEC (3 * USEC_PER_SEC)

struct Server;
struct st_h2o_req_t;
struct st_h2o_socket_t;

typedef struct Connection Connection;

struct Connection {
        struct Server *server;
        struct st_h2o_socket_t *socket;
        uint64_t deadline; /* CLOCK_MONOTONIC, µs */
        bool behind_proxy;
        bool served;   /* a request of it was read */
        int linger_fd; /* a duplicate for what its client may still send, or -1 */
        HeadWatch watch;
        CrowdPlace place;
        HangUp *hang_up; /* its answer is held back, and its client may end it meanwhile; or NULL */
        Connection *next, **slot;
};

Connection *connection_of(const CrowdPlace *place);
Connection *connection_of_request(struct st_h2o_req_t *req);

/* What was read of its request. */
size_t held_bytes(const CrowdPlace *place);

/* h2o reads the end of the stream, or fails to write, and closes the connection itself. */
void connection_end(Connection *connection);

/* Its client may still be sending when it is closed. */
void connection_linger(Connection *connection);

/* Of one from which nothing of a request was read yet. */
void connection_stop(Connection *connection, uint64_t now);
