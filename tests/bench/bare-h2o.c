/* SPDX-License-Identifier: MIT */
/*
 * The least that a server of libh2o can do: takes a request with its body, and answers what webhookd answers, without having looked
 * at either. What webhookd is slower by is its own work.
 *
 * usage: bare-h2o; prints its port, and serves on 127.0.0.1 until it is killed. As a service it takes the socket of systemd instead, and
 * prints nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <h2o.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LISTEN_FDS_START 3

static const char answer[] =
                "{\"deploys\": [{\"id\": 123456, \"project\": \"shop\", \"stage\": \"dev\", "
                "\"image\": \"a.example/shop:123456\", \"state\": \"queued\"}], \"ignored\": []}\n";

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context;

static int on_request(h2o_handler_t *handler, h2o_req_t *req) {
        static h2o_generator_t generator = { NULL, NULL };
        h2o_iovec_t body = h2o_iovec_init(answer, sizeof(answer) - 1);
        bool posted = h2o_memis(req->method.base, req->method.len, H2O_STRLIT("POST"));

        (void) handler;

        req->res.status = posted ? 202 : 404;
        req->res.reason = posted ? "Accepted" : "Not Found";
        req->res.content_length = posted ? body.len : 0;
        if (posted)
                h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                               H2O_STRLIT("application/json"));
        h2o_start_response(req, &generator);
        h2o_send(req, &body, posted ? 1 : 0, 1);
        return 0;
}

static void on_connection(h2o_socket_t *listener, const char *error) {
        h2o_socket_t *accepted;

        if (error)
                return;

        while ((accepted = h2o_evloop_socket_accept(listener)))
                h2o_accept(&accept_context, accepted);
}

static int fail(const char *what) {
        (void) fprintf(stderr, "%s: %s\n", what, strerror(errno));
        return EXIT_FAILURE;
}

/* A socket of its own, whose port it prints. */
static int listen_here(void) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof(address);
        int fd, on = 1;

        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, SOMAXCONN) < 0 ||
            getsockname(fd, (struct sockaddr *) &address, &length) < 0 ||
            printf("%d\n", ntohs(address.sin_port)) < 0 || fflush(stdout) != 0)
                return -1;

        return fd;
}

/* sd_listen_fds(3), of which it takes the first. */
static int listen_as_service(void) {
        int flags = fcntl(LISTEN_FDS_START, F_GETFL);

        return flags < 0 || fcntl(LISTEN_FDS_START, F_SETFL, flags | O_NONBLOCK) < 0 ? -1 : LISTEN_FDS_START;
}

int main(void) {
        h2o_hostconf_t *host;
        h2o_handler_t *handler;
        h2o_socket_t *listener;
        int fd;

        fd = getenv("LISTEN_FDS") ? listen_as_service() : listen_here();
        if (fd < 0)
                return fail("listen");

        h2o_config_init(&config);
        host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
        handler = h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(*handler));
        handler->on_req = on_request;
        h2o_context_init(&context, h2o_evloop_create(), &config);
        accept_context.ctx = &context;
        accept_context.hosts = config.hosts;

        listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
        h2o_socket_read_start(listener, on_connection);

        while (h2o_evloop_run(context.loop, INT32_MAX) == 0)
                ;

        return EXIT_FAILURE;
}
