/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/probe.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "shared/time-util.h"
#include "unit.h"

/* A listener on the loopback that answers each connection with `answer` (NULL: never) and closes it. */
typedef struct Peer {
        int fd;
        uint16_t port;
        const char *answer;
        size_t body; /* bytes that follow it */
        char request[1024];
        pthread_t thread;
} Peer;

static void *peer_run(void *userdata) {
        Peer *peer = userdata;
        char block[4096];
        int fd;

        memset(block, 'x', sizeof(block));
        while ((fd = accept(peer->fd, NULL, NULL)) >= 0) {
                ssize_t n = recv(fd, peer->request, sizeof(peer->request) - 1, 0);

                peer->request[n > 0 ? n : 0] = '\0';
                if (n > 0 && !peer->answer)
                        /* Until the other side gives up. */
                        (void) recv(fd, block, 1, 0);
                else if (n > 0 && send(fd, peer->answer, strlen(peer->answer), MSG_NOSIGNAL) > 0)
                        for (size_t left = peer->body; left >= sizeof(block); left -= sizeof(block))
                                if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
                                        break;
                (void) close(fd);
        }
        return NULL;
}

static void peer_begin(Peer *peer, const char *answer, size_t body) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof(address);

        *peer = (Peer){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                        .answer = answer,
                        .body = body };
        assert_true(peer->fd >= 0);
        assert_int_equal(bind(peer->fd, (struct sockaddr *) &address, length), 0);
        assert_int_equal(listen(peer->fd, 4), 0);
        assert_int_equal(getsockname(peer->fd, (struct sockaddr *) &address, &length), 0);
        peer->port = ntohs(address.sin_port);
        assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
}

static void peer_end(Peer *peer) {
        (void) shutdown(peer->fd, SHUT_RDWR);
        (void) pthread_join(peer->thread, NULL);
        (void) close(peer->fd);
}

static int run(uint16_t port, const char *path, uint64_t timeout, bool cancelled, char *ret_text) {
        _cleanup_close_ int cancel = eventfd(cancelled ? 1 : 0, EFD_CLOEXEC);
        const Probe probe = {
                .address = "127.0.0.1",
                .port = port,
                .path = path,
                .timeout_usec = timeout,
                .cancel_fd = cancel,
        };

        return probe_run(&probe, ret_text);
}

static void expect_answer(const char *answer, size_t body, int verdict, const char *words) {
        char text[PROBE_TEXT_SIZE];
        Peer peer;

        peer_begin(&peer, answer, body);
        assert_int_equal(run(peer.port, "/healthz", 5 * USEC_PER_SEC, false, text), verdict);
        peer_end(&peer);
        if (!strstr(text, words))
                fail_msg("%s", text);
}

static void probe_takes_2xx_and_3xx_and_nothing_else(void **state) {
        (void) state;

        expect_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 1, "/healthz answers 200");
        expect_answer("HTTP/1.1 204 x\r\n\r\n", 0, 1, "answers 204");
        expect_answer("HTTP/1.0 302 x\r\nLocation: http://127.0.0.1:1/\r\n\r\n", 0, 1, "answers 302");
        expect_answer("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", 0, 0, "answers 404");
        expect_answer("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", 0, 0, "answers 503");
        expect_answer("SSH-2.0-x\r\n", 0, 0, ": the answer broke off");
        expect_answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 0, 0, ": the answer broke off");
}

static void probe_reads_no_more_than_enough_of_a_body(void **state) {
        (void) state;

        expect_answer("HTTP/1.1 200 OK\r\n\r\n", 512U << 20, 1, "answers 200");
        expect_answer("HTTP/1.1 500 x\r\n\r\n", 512U << 20, 0, "answers 500");
}

static void probe_asks_for_the_path_at_the_address(void **state) {
        char text[PROBE_TEXT_SIZE], host[64];
        Peer peer;

        (void) state;

        assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
        peer_begin(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
        assert_int_equal(run(peer.port, "/a/../b?c", 5 * USEC_PER_SEC, false, text), 1);
        peer_end(&peer);
        assert_int_equal(unsetenv("http_proxy"), 0);
        (void) snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", (unsigned) peer.port);
        assert_non_null(strstr(peer.request, host));
        assert_ptr_equal(strstr(peer.request, "GET /a/../b?c HTTP/1.1\r\n"), peer.request);
}

static void probe_asks_as_whom_and_takes_what_the_project_says(void **state) {
        static const struct {
                const char *answer;
                int verdict;
        } cases[] = {
                { "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n", 1 },
                { "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", 1 },
                { "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n", 0 },
                { "HTTP/1.1 405 x\r\nContent-Length: 0\r\n\r\n", 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_close_ int cancel = eventfd(0, EFD_CLOEXEC);
                char text[PROBE_TEXT_SIZE];
                Probe probe = {
                        .address = "127.0.0.1",
                        .path = "/up",
                        .host = "app.example.com",
                        .status_first = 401,
                        .status_last = 404,
                        .timeout_usec = 5 * USEC_PER_SEC,
                        .cancel_fd = cancel,
                };
                Peer peer;

                peer_begin(&peer, cases[i].answer, 0);
                probe.port = peer.port;
                assert_int_equal(probe_run(&probe, text), cases[i].verdict);
                peer_end(&peer);
                assert_non_null(strstr(peer.request, "\r\nHost: app.example.com\r\n"));
                assert_null(strstr(peer.request, "Host: 127"));
        }
}

static void probe_gives_up_when_the_time_is_over(void **state) {
        char text[PROBE_TEXT_SIZE];
        Peer peer;

        (void) state;

        peer_begin(&peer, NULL, 0);
        assert_int_equal(run(peer.port, "/", 200 * USEC_PER_MSEC, false, text), 0);
        peer_end(&peer);
        assert_non_null(strstr(text, "/: no answer within 0.2s"));
}

static void probe_is_broken_off_at_once(void **state) {
        uint64_t begun_at = now_usec(CLOCK_MONOTONIC);
        char text[PROBE_TEXT_SIZE];
        Peer peer;

        (void) state;

        peer_begin(&peer, NULL, 0);
        assert_int_equal(run(peer.port, "/", 60 * USEC_PER_SEC, true, text), -EINTR);
        peer_end(&peer);
        assert_true(now_usec(CLOCK_MONOTONIC) - begun_at < 30 * USEC_PER_SEC);
}

static void probe_of_tcp_asks_for_a_connection_only(void **state) {
        char text[PROBE_TEXT_SIZE];
        Peer peer;

        (void) state;

        peer_begin(&peer, NULL, 0);
        assert_int_equal(run(peer.port, NULL, 5 * USEC_PER_SEC, false, text), 1);
        peer_end(&peer);
        assert_non_null(strstr(text, "tcp://127.0.0.1:"));
        assert_non_null(strstr(text, " takes connections"));

        /* Nobody is there any more. */
        assert_int_equal(run(peer.port, NULL, 5 * USEC_PER_SEC, false, text), 0);
        assert_non_null(strstr(text, ": connection refused"));
        assert_int_equal(run(peer.port, "/", 5 * USEC_PER_SEC, false, text), 0);
        assert_non_null(strstr(text, "/: connection refused"));
}

static void probe_looks_no_name_up(void **state) {
        char text[PROBE_TEXT_SIZE];

        (void) state;

        for (int i = 0; i < 2; i++) {
                const Probe probe = { .address = "localhost",
                                      .port = 80,
                                      .path = i ? "/" : NULL,
                                      .timeout_usec = USEC_PER_SEC,
                                      .cancel_fd = -1 };

                assert_int_equal(probe_run(&probe, text), 0);
                assert_non_null(strstr(text, ": no address"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(probe_takes_2xx_and_3xx_and_nothing_else),
                cmocka_unit_test(probe_reads_no_more_than_enough_of_a_body),
                cmocka_unit_test(probe_asks_for_the_path_at_the_address),
                cmocka_unit_test(probe_asks_as_whom_and_takes_what_the_project_says),
                cmocka_unit_test(probe_gives_up_when_the_time_is_over),
                cmocka_unit_test(probe_is_broken_off_at_once),
                cmocka_unit_test(probe_of_tcp_asks_for_a_connection_only),
                cmocka_unit_test(probe_looks_no_name_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
