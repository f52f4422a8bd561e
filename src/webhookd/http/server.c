/* SPDX-License-Identifier: MIT */
/* Listening sockets and connections: see server.h. */
#include "webhookd/http/server.h"

#include <h2o.h>

#include "shared/time-util.h"
#include "webhookd/http/chunk.h"
#include "webhookd/http/connection.h"
#include "webhookd/http/handler-early.h"
#include "webhookd/http/handler.h"
#include "webhookd/http/listening.h"

#define LISTENERS_MAX 16U
/* Connections taken from one listener before the others have their turn. */
#define ACCEPTS_PER_TURN    16U
#define SWEEP_INTERVAL_USEC (2 * USEC_PER_SEC)

typedef struct Listener {
        Server *server;
        h2o_socket_t *socket;
        bool is_unix;
        bool is_tls;
} Listener;

struct Server {
        h2o_globalconf_t config;
        h2o_context_t context;
        h2o_accept_ctx_t accept, accept_tls;
        bool context_ready;
        Listener listeners[LISTENERS_MAX];
        size_t n_listeners;
        bool paused; /* not accepting since nobody can make room */
        Connections connections;
        sd_event_source *sweep_timer;
        ServerActivity activity;
        void *userdata;
};

static void on_connection(h2o_socket_t *socket, const char *error);

static void server_pause(Server *server, bool pause) {
        if (server->paused == pause || server->connections.stopping)
                return;

        server->paused = pause;
        for (size_t i = 0; i < server->n_listeners; i++)
                if (pause)
                        h2o_socket_read_stop(server->listeners[i].socket);
                else
                        h2o_socket_read_start(server->listeners[i].socket, on_connection);
}

static void sweep_arm(Server *server, uint64_t usec) {
        (void) sd_event_source_set_time(server->sweep_timer, now_usec(CLOCK_MONOTONIC) + usec);
        (void) sd_event_source_set_enabled(server->sweep_timer, SD_EVENT_ONESHOT);
}

/* Connections that come in one after the other must not put off the sweep for ever. */
static void sweep_need(Server *server) {
        if (server->connections.n > 0 && sd_event_source_get_enabled(server->sweep_timer, NULL) == 0)
                sweep_arm(server, SWEEP_INTERVAL_USEC);
}

static void on_connection(h2o_socket_t *socket, const char *error) {
        Listener *listener = socket->data;
        Server *server = listener->server;

        if (error)
                return;

        for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
                h2o_socket_t *accepted;

                if (connections_are_full(&server->connections)) {
                        server_pause(server, true);
                        break;
                }

                accepted = h2o_evloop_socket_accept(socket);
                if (!accepted)
                        break;

                if ((listener->is_tls && !server->accept_tls.ssl_ctx) ||
                    connection_new(&server->connections, accepted, listener->is_unix) < 0) {
                        h2o_socket_close(accepted);
                        continue;
                }

                h2o_accept(listener->is_tls ? &server->accept_tls : &server->accept, accepted);
        }

        sweep_need(server);
        server->activity(server->userdata);
}

/* Ends what is overdue. */
static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata) {
        Server *server = userdata;

        (void) source;
        (void) usec;

        connections_sweep(&server->connections);
        sweep_need(server);
        return 0;
}

static void server_configure(Server *server, Delivery *delivery, Turn *turn, Waiters *waiters) {
        h2o_hostconf_t *host;

        h2o_config_init(&server->config);
        server->config.server_name = (h2o_iovec_t){ NULL, 0 };
        /* Of chunks the library refuses as many bytes as that, of a length more: the handler has the last word. */
        server->config.max_request_entity_size = BODY_MAX + 1;
        server->config.handshake_timeout = HANDSHAKE_TIMEOUT_MSEC;
        server->config.http1.req_timeout = REQUEST_TIMEOUT_MSEC;
        server->config.http1.upgrade_to_http2 = 0;

        host = h2o_config_register_host(&server->config, h2o_iovec_init(H2O_STRLIT("default")), UINT16_MAX);
        handler_register(h2o_config_register_path(host, "/", 0), delivery, turn, waiters);
        early_register(&host->fallback_path);
}

int server_new(Loop *loop, sd_event *event, Delivery *delivery, Turn *turn, Waiters *waiters,
               unsigned max_connections, ServerActivity activity, void *userdata, Server **ret) {
        _cleanup_(server_freep) Server *server = NULL;
        int r;

        assert(loop && event);
        assert(delivery && turn && waiters);
        assert(max_connections > 0);
        assert(activity);
        assert(ret);

        if (!chunk_decoder_is_in_place())
                return -ENOTSUP;

        server = calloc(1, sizeof(*server));
        if (!server)
                return -ENOMEM;

        server->activity = activity;
        server->userdata = userdata;

        r = sd_event_add_time(event, &server->sweep_timer, CLOCK_MONOTONIC, 0, 100 * USEC_PER_MSEC, on_sweep,
                              server);
        if (r >= 0)
                r = sd_event_source_set_enabled(server->sweep_timer, SD_EVENT_OFF);
        if (r >= 0)
                r = connections_init(&server->connections, event, delivery, waiters, &server->context,
                                     max_connections, activity, userdata);
        if (r < 0)
                return r;

        server_configure(server, delivery, turn, waiters);
        h2o_context_init(&server->context, loop_h2o(loop), &server->config);
        server->accept = (h2o_accept_ctx_t){ .ctx = &server->context, .hosts = server->config.hosts };
        server->accept_tls = server->accept;
        server->context_ready = true;

        *ret = TAKE_PTR(server);
        return 0;
}

Server *server_free(Server *server) {
        if (!server)
                return NULL;

        server_stop(server);
        server->sweep_timer = sd_event_source_unref(server->sweep_timer);
        connections_done(&server->connections);

        /* h2o's connections cannot be ended from here, and point to the server: the end of the process ends them. */
        if (server->connections.first)
                return NULL;

        if (server->context_ready) {
                h2o_context_dispose(&server->context);
                h2o_config_dispose(&server->config);
        }
        free(server);
        return NULL;
}

void server_set_tls(Server *server, Tls *tls) {
        assert(server && tls);

        server->accept_tls.ssl_ctx = tls_context(tls);
}

int server_listen(Server *server, int fd, ServerListen how) {
        _cleanup_close_ int copy = -1;
        bool is_unix = false;
        Listener *listener;
        int r;

        assert(server && fd >= 0);

        if (server->n_listeners >= LISTENERS_MAX)
                return -E2BIG;

        r = listening_open(fd, &copy, &is_unix);
        if (r < 0)
                return r;

        listener = &server->listeners[server->n_listeners++];
        listener->server = server;
        listener->is_unix = is_unix;
        listener->is_tls = how == SERVER_LISTEN_TLS;
        listener->socket = h2o_evloop_socket_create(server->context.loop, TAKE_FD(copy),
                                                    H2O_SOCKET_FLAG_DONT_READ);
        listener->socket->data = listener;
        h2o_socket_read_start(listener->socket, on_connection);
        return 0;
}

void server_stop(Server *server) {
        assert(server);

        if (server->connections.stopping)
                return;

        for (size_t i = 0; i < server->n_listeners; i++)
                h2o_socket_close(server->listeners[i].socket);
        server->n_listeners = 0;

        connections_stop(&server->connections);
        if (server->connections.n > 0)
                sweep_arm(server, STOP_TIMEOUT_USEC);
}

void server_relieve(Server *server) {
        assert(server);

        connections_relieve(&server->connections);
        if (server->paused && !connections_are_full(&server->connections))
                server_pause(server, false);
}

size_t server_count_connections(const Server *server) {
        assert(server);

        return connections_count(&server->connections);
}
