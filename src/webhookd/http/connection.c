/* SPDX-License-Identifier: MIT */
/* A socket that was accepted: see connection.h. */
#include "webhookd/http/connection.h"

#include <fcntl.h>
#include <h2o.h>
#include <sys/socket.h>

#include "shared/time-util.h"

struct Connection {
        Connections *all;
        h2o_socket_t *socket;
        uint64_t deadline; /* CLOCK_MONOTONIC, µs */
        bool behind_proxy;
        bool served;   /* a request of it was read */
        int linger_fd; /* a duplicate for what its client may still send, or -1 */
        HeadWatch watch;
        CrowdPlace place;
        HangUp *hang_up; /* its answer is held back, and its client may end it meanwhile; or NULL */
        Connection *next, **slot;
};

static void on_connection_closed(void *data) {
        Connection *connection = data;
        Connections *all = connection->all;

        *connection->slot = connection->next;
        if (connection->next)
                connection->next->slot = connection->slot;
        all->n--;
        crowd_part(&all->crowd, &connection->place);
        if (connection->linger_fd >= 0)
                linger_add(all->linger, connection->linger_fd);
        head_watch_done(&connection->watch);
        free(connection);

        all->activity(all->userdata);
}

static Connection *connection_of(const CrowdPlace *place) {
        return (Connection *) ((uintptr_t) place - offsetof(Connection, place));
}

/* What was read of its request. */
static size_t held_bytes(const CrowdPlace *place) {
        return connection_of(place)->socket->input->capacity;
}

/* h2o reads the end of the stream, or fails to write, and closes the connection itself. */
static void connection_end(Connection *connection) {
        (void) shutdown(h2o_socket_get_fd(connection->socket), SHUT_RDWR);
}

int connection_new(Connections *connections, struct st_h2o_socket_t *socket, bool behind_proxy) {
        Connection *connection = calloc(1, sizeof(*connection));
        CrowdPlace *leaves;
        int r;

        assert(connections && socket);

        if (!connection)
                return -ENOMEM;

        peer_address_read(&connection->place.address, h2o_socket_get_fd(socket));
        r = crowd_join(&connections->crowd, &connection->place, &leaves);
        if (r < 0) {
                free(connection);
                return r;
        }
        if (leaves)
                connection_end(connection_of(leaves));

        connection->all = connections;
        connection->socket = socket;
        connection->behind_proxy = behind_proxy;
        connection->linger_fd = -1;
        connection->deadline = now_usec(CLOCK_MONOTONIC) + CONNECTION_TIMEOUT_USEC;

        connection->next = connections->first;
        connection->slot = &connections->first;
        if (connection->next)
                connection->next->slot = &connection->next;
        connections->first = connection;
        connections->n++;

        socket->on_close.cb = on_connection_closed;
        socket->on_close.data = connection;
        return 0;
}

static Connection *connection_of_request(h2o_req_t *req) {
        return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

ConnectionPeer connection_ask(struct st_h2o_req_t *req) {
        Connection *connection = connection_of_request(req);
        h2o_socket_t *socket = connection->socket;
        Connections *all = connection->all;

        connection->served = true;
        connection->deadline = now_usec(CLOCK_MONOTONIC) + CONNECTION_TIMEOUT_USEC;
        crowd_ask(&all->crowd, &connection->place);
        all->activity(all->userdata);

        return (ConnectionPeer){
                .connection = connection,
                .remote = connection->place.address.text,
                .behind_proxy = connection->behind_proxy,
                .stopping = all->stopping,
                .large = held_bytes(&connection->place) > HELD_BYTES_MAX,
                .head = { socket->input->bytes, socket->input->size },
        };
}

bool connection_hold(Connection *connection, Waiter *waiter) {
        Connections *all = connection->all;

        if (hang_up_new(all->event, h2o_socket_get_fd(connection->socket), all->waiters, waiter,
                        &connection->hang_up) < 0)
                return false;

        /* The end of the waiting sets another one. Two clocks would race after a pause of the process. */
        connection->deadline = UINT64_MAX;
        crowd_set_apart(&all->crowd, &connection->place);
        return true;
}

void connection_let_go(Connection *connection) {
        Connections *all = connection->all;

        connection->hang_up = hang_up_free(connection->hang_up);
        connection->deadline = now_usec(CLOCK_MONOTONIC) + CONNECTION_TIMEOUT_USEC;
        all->activity(all->userdata);
}

void connection_answered(Connection *connection) {
        Connections *all = connection->all;

        connection->hang_up = hang_up_free(connection->hang_up);
        crowd_wait(&all->crowd, &connection->place);
        head_watch_begin(&connection->watch);
}

/* The library closes its descriptor with the connection, and tells afterwards. Without a duplicate that is all. */
static void connection_keep_descriptor(Connection *connection) {
        if (connection->linger_fd < 0)
                connection->linger_fd = fcntl(h2o_socket_get_fd(connection->socket), F_DUPFD_CLOEXEC, 3);
}

void connection_linger(struct st_h2o_req_t *req) {
        connection_keep_descriptor(connection_of_request(req));
}

/* By the head alone, with a body to come. */
static void on_head_answered(h2o_socket_t *socket, const char *error) {
        Connection *connection = socket->on_close.data;

        if (!error)
                connection_keep_descriptor(connection);
        head_watch_end(&connection->watch, socket);
}

int connections_init(Connections *connections, sd_event *event, Delivery *delivery, Waiters *waiters,
                     struct st_h2o_context_t *context, size_t limit, ConnectionActivity activity,
                     void *userdata) {
        assert(connections);
        assert(event && delivery && waiters && context);
        assert(activity);

        *connections = (Connections){
                .event = event,
                .waiters = waiters,
                .judge = { delivery, context, on_head_answered },
                .activity = activity,
                .userdata = userdata,
        };
        crowd_init(&connections->crowd, limit);
        return linger_new(event, activity, userdata, &connections->linger);
}

void connections_done(Connections *connections) {
        assert(connections);

        connections->linger = linger_free(connections->linger);
}

bool connections_are_full(const Connections *connections) {
        assert(connections);

        return crowd_is_full(&connections->crowd);
}

void connections_sweep(Connections *connections) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        assert(connections);

        for (Connection *connection = connections->first; connection; connection = connection->next)
                if (now >= connection->deadline)
                        connection_end(connection);
}

void connections_relieve(Connections *connections) {
        CrowdPlace *place;

        assert(connections);

        for (Connection *connection = connections->first; connection; connection = connection->next)
                if (!connection->place.asked)
                        head_watch_look(&connection->watch, &connections->judge, connection->socket,
                                        connection->place.address.text, connection->behind_proxy);

        while ((place = crowd_relieve(&connections->crowd, held_bytes)))
                connection_end(connection_of(place));
}

/*
 * Nothing of a request was read yet. What has been served may end: what is in the kernel's buffer still comes, then the end,
 * and its client knows that a kept connection may do so. What has not is perhaps in the middle of its handshake: its request
 * would be lost.
 */
static void connection_stop(Connection *connection, uint64_t now) {
        if (connection->served)
                (void) shutdown(h2o_socket_get_fd(connection->socket), SHUT_RD);
        else if (connection->deadline > now + STOP_TIMEOUT_USEC)
                connection->deadline = now + STOP_TIMEOUT_USEC;
}

void connections_stop(Connections *connections) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        assert(connections);

        connections->stopping = true;
        for (Connection *connection = connections->first; connection; connection = connection->next)
                if (connection->socket->input->size == 0)
                        connection_stop(connection, now);
}

size_t connections_count(const Connections *connections) {
        assert(connections);

        /* Those whose answer is sent do not hold up the end. */
        return connections->n + (connections->stopping ? 0 : linger_count(connections->linger));
}
