/* SPDX-License-Identifier: MIT */
/* Connections that were answered early: read until their clients end, and not for longer than the limits. */
#include "webhookd/http/linger.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "shared/time-util.h"
#include "unit.h"

typedef struct Fixture {
        sd_event *event;
        Linger *linger;
        unsigned n_gone;
} Fixture;

static void on_gone(void *userdata) {
        Fixture *f = userdata;

        f->n_gone++;
}

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        assert_int_equal(linger_new(f->event, on_gone, f, &f->linger), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        linger_free(f->linger);
        sd_event_unref(f->event);
        free(f);
        return 0;
}

/* A client of a connection that lingers. */
static int make_client(Fixture *f) {
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        linger_add(f->linger, fds[1]);
        return fds[0];
}

static void run(Fixture *f) {
        while (sd_event_run(f->event, 0) > 0)
                ;
}

/* Sends that many bytes, while the other side reads. False: it has closed. */
static bool send_bytes(Fixture *f, int client, size_t n) {
        static const char bytes[64 * 1024];

        while (n > 0) {
                ssize_t sent = send(client, bytes, n < sizeof(bytes) ? n : sizeof(bytes), MSG_NOSIGNAL);

                if (sent < 0 && errno != EAGAIN)
                        return false;
                n -= sent > 0 ? (size_t) sent : 0;
                run(f);
        }

        return true;
}

static void client_sees_the_end_and_may_go_on_sending(void **state) {
        Fixture *f = *state;
        int client = make_client(f);
        char c;

        assert_int_equal(linger_count(f->linger), 1);
        assert_int_equal(read(client, &c, 1), 0);
        assert_true(send_bytes(f, client, (size_t) 30 * 1024 * 1024));
        assert_int_equal(linger_count(f->linger), 1);
        assert_int_equal(f->n_gone, 0);
        assert_int_equal(close(client), 0);
        run(f);
        assert_int_equal(linger_count(f->linger), 0);
        assert_int_equal(f->n_gone, 1);
}

static void client_that_sends_too_much_is_cut_off(void **state) {
        Fixture *f = *state;
        int client = make_client(f);

        assert_false(send_bytes(f, client, 2 * LINGER_BYTES_MAX));
        assert_int_equal(linger_count(f->linger), 0);
        assert_int_equal(close(client), 0);
}

/* It need not be silent for all of the time that the test has. */
static void client_that_says_nothing_is_cut_off(void **state) {
        Fixture *f = *state;
        int silent = make_client(f), sending = make_client(f);
        uint64_t began = now_usec(CLOCK_MONOTONIC), took = 0;

        while (linger_count(f->linger) == 2 && took < 10 * LINGER_PAUSE_USEC) {
                assert_true(send_bytes(f, sending, 1));
                assert_true(sd_event_run(f->event, 100 * USEC_PER_MSEC) >= 0);
                took = now_usec(CLOCK_MONOTONIC) - began;
        }
        assert_int_equal(linger_count(f->linger), 1);
        assert_true(took >= LINGER_PAUSE_USEC);
        assert_true(send_bytes(f, sending, 1));
        assert_false(send_bytes(f, silent, 1));
        assert_int_equal(close(silent), 0);
        assert_int_equal(close(sending), 0);
}

static void beyond_the_limit_the_oldest_goes(void **state) {
        int clients[LINGER_MAX + 1];
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                clients[i] = make_client(f);
        assert_int_equal(linger_count(f->linger), LINGER_MAX);
        assert_false(send_bytes(f, clients[0], 1));
        for (size_t i = 1; i < ELEMENTSOF(clients); i++)
                assert_true(send_bytes(f, clients[i], 1));
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                assert_int_equal(close(clients[i]), 0);
        run(f);
        assert_int_equal(linger_count(f->linger), 0);
}

static void what_cannot_be_ended_is_closed(void **state) {
        Fixture *f = *state;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        linger_add(f->linger, fds[0]);
        assert_int_equal(linger_count(f->linger), 0);
        assert_int_equal(fcntl(fds[0], F_GETFD), -1);
        assert_int_equal(close(fds[1]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(client_sees_the_end_and_may_go_on_sending),
                TEST(client_that_sends_too_much_is_cut_off),
                TEST(client_that_says_nothing_is_cut_off),
                TEST(beyond_the_limit_the_oldest_goes),
                TEST(what_cannot_be_ended_is_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
