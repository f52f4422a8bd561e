/* SPDX-License-Identifier: MIT */
/* A socket that was accepted: see connection.h. */
#include "webhookd/http/connection.h"

#include <fcntl.h>
#include <h2o.h>
#include <sys/socket.h>

#include "shared/time-util.h"

Connection *connection_of(const CrowdPlace *place) {
        return (Connection *) ((uintptr_t) place - offsetof(Connection, place));
}

/* What was read of its request. */
size_t held_bytes(const CrowdPlace *place) {
        return connection_of(place)->socket->input->capacity;
}

/* h2o reads the end of the stream, or fails to write, and closes the connection itself. */
void connection_end(Connection *connection) {
        (void) shutdown(h2o_socket_get_fd(connection->socket), SHUT_RDWR);
}

Connection *connection_of_request(h2o_req_t *req) {
        return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

/* The library closes its descriptor with the connection, and tells afterwards. Without a duplicate that is all. */
void connection_linger(Connection *connection) {
        if (connection->linger_fd < 0)
                connection->linger_fd = fcntl(h2o_socket_get_fd(connection->socket), F_DUPFD_CLOEXEC, 3);
}

/*
 * Nothing of a request was read yet. What has been served may end: what is in the kernel's buffer still comes, then the end,
 * and its client knows that a kept connection may do so. What has not is perhaps in the middle of its handshake: its request
 * would be lost.
 */
void connection_stop(Connection *connection, uint64_t now) {
        if (connection->served)
                (void) shutdown(h2o_socket_get_fd(connection->socket), SHUT_RD);
        else if (connection->deadline > now + STOP_TIMEOUT_USEC)
                connection->deadline = now + STOP_TIMEOUT_USEC;
}
