/* SPDX-License-Identifier: MIT */
/* Which chunks are taken, however they arrive; and that the library decodes them by this decoder, not by its own. */
#include "webhookd/http/chunk.h"

#include <h2o.h>
#include <stdio.h>
#include <sys/socket.h>

#include "unit.h"

/* Decodes in pieces of that many bytes; -1, -2, or the bytes behind the body. What was decoded is in `ret`, whole. */
static ssize_t decode(const char *text, size_t length, size_t piece, char ret[static 256]) {
        ChunkDecoder decoder = { .consume_trailer = 1 };
        ssize_t found = -2;
        size_t done = 0;

        for (size_t at = 0; at < length && found == -2; at += piece) {
                size_t n = length - at < piece ? length - at : piece;

                assert_true(done + n < 256);
                memcpy(ret + done, text + at, n);
                found = phr_decode_chunked(&decoder, ret + done, &n);
                done += n;
                if (found >= 0)
                        found += (ssize_t) (length - at > piece ? length - at - piece : 0);
        }

        ret[done] = '\0';
        return found;
}

static void decodes_to(const char *text, const char *body, ssize_t rest) {
        char decoded[256];

        for (size_t piece = 1; piece <= strlen(text); piece++) {
                assert_int_equal(decode(text, strlen(text), piece, decoded), rest);
                assert_string_equal(decoded, body);
        }
}

static void chunks_are_put_together_however_they_arrive(void **state) {
        (void) state;

        decodes_to("2\r\n{}\r\n0\r\n\r\n", "{}", 0);
        decodes_to("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", "{}", 0);
        decodes_to("00a\r\n0123456789\r\nA\r\nabcdefghij\r\n000\r\n\r\n", "0123456789abcdefghij", 0);
        decodes_to("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 0);
        decodes_to("0\r\n\r\n", "", 0);
        decodes_to("2\r\n{}\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "{}", 0);
        decodes_to("2\r\n{}\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "{}", 16);
        decodes_to("2\r\n{}\r\n0\r\n", "{}", -2);
}

static void bytes_behind_the_body_follow_the_data(void **state) {
        char text[] = "2\r\n{}\r\n0\r\n\r\nnext";
        ChunkDecoder decoder = { .consume_trailer = 1 };
        size_t size = strlen(text);

        (void) state;

        assert_int_equal(phr_decode_chunked(&decoder, text, &size), 4);
        assert_int_equal(size, 2);
        assert_memory_equal(text, "{}next", 6);
}

static void trailer_is_left_to_whoever_does_not_want_it_read(void **state) {
        char text[] = "2\r\n{}\r\n0\r\nX: 1\r\n\r\n";
        ChunkDecoder decoder = { .consume_trailer = 0 };
        size_t size = strlen(text);

        (void) state;

        assert_int_equal(phr_decode_chunked(&decoder, text, &size), 8);
        assert_memory_equal(text, "{}X: 1", 6);
}

static void decoder_says_whether_it_is_in_the_data(void **state) {
        ChunkDecoder decoder = { .consume_trailer = 1 };
        char text[] = "2\r\n{";
        size_t size = 2;

        (void) state;

        assert_int_equal(phr_decode_chunked(&decoder, text, &size), -2);
        assert_false(phr_decode_chunked_is_in_data(&decoder));
        size = 2;
        assert_int_equal(phr_decode_chunked(&decoder, text + 2, &size), -2);
        assert_true(phr_decode_chunked_is_in_data(&decoder));
}

/* A body of two bytes, in framing that another parser may read in another way, or not at all. */
static const char *const wrong_bodies[] = {
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}\r\n0\n\r\n",
        "2\r\n{}\r\n0\r\n\n",
        "2\r{}\r\n0\r\n\r\n",
        "2 \r\n{}\r\n0\r\n\r\n",
        "2\t\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n 0\r\n\r\n",
        "2;a=b\r\n{}\r\n0\r\n\r\n",
        "2;\r\n{}\r\n0\r\n\r\n",
        "2 ;a\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0;last\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "0x22\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "\r\n2\r\n{}\r\n0\r\n\r\n",
        "\r\n",
        "g\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{} \r\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n\r\n0\r\n\r\n",
        "00000000000000002\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nX: a\n\r\n",
        "2\r\n{}\r\n0\r\nX : a\r\n\r\n",
        "2\r\n{}\r\n0\r\nno colon\r\n\r\n",
        "2\r\n{}\r\n0\r\n folded\r\n\r\n",
        "2\r\n{}\r\n0\r\n: a\r\n\r\n",
        "2\r\n{}\r\n0\r\nX: a\rb\r\n\r\n",
        "2\r\n{}\r\n0\r\nX: \x01\r\n\r\n",
        "2\r\n{}\r\n0\r\n\rX",
};

static void framing_that_can_be_read_in_two_ways_is_refused(void **state) {
        char decoded[256];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(wrong_bodies); i++)
                for (size_t piece = 1; piece <= strlen(wrong_bodies[i]); piece++)
                        if (decode(wrong_bodies[i], strlen(wrong_bodies[i]), piece, decoded) != -1)
                                fail_msg("taken in pieces of %zu: %s", piece, wrong_bodies[i]);
}

static void nul_is_no_part_of_a_trailer(void **state) {
        static const char named[] = "0\r\nX\0: a\r\n\r\n", valued[] = "0\r\nX: \0\r\n\r\n";
        char decoded[256];

        (void) state;

        assert_int_equal(decode(named, sizeof(named) - 1, sizeof(named), decoded), -1);
        assert_int_equal(decode(valued, sizeof(valued) - 1, sizeof(valued), decoded), -1);
}

static void trailer_has_a_limit(void **state) {
        ChunkDecoder decoder = { .consume_trailer = 1 };
        char line[] = "0\r\nX: ";
        ssize_t found = -2;
        size_t size = strlen(line), n = 0;

        (void) state;

        assert_int_equal(phr_decode_chunked(&decoder, line, &size), -2);
        for (; n < 2 * CHUNK_TRAILER_MAX && found == -2; n++) {
                char c = 'x';

                size = 1;
                found = phr_decode_chunked(&decoder, &c, &size);
        }
        assert_int_equal(found, -1);
        assert_int_equal(n, CHUNK_TRAILER_MAX + 1 - strlen("X: "));
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req) {
        (void) handler;

        req->res.status = 202;
        req->res.reason = "Accepted";
        req->res.content_length = 0;
        h2o_send_inline(req, "", 0);
        return 0;
}

/* The status that the library answers to a POST with that body. */
static int library_status(h2o_evloop_t *loop, h2o_accept_ctx_t *accept_context, const char *body) {
        char request[512], answer[512] = "";
        int fds[2], n, status = 0;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        n = snprintf(request, sizeof(request),
                     "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%s",
                     body);
        assert_true(n > 0 && (size_t) n < sizeof(request));
        assert_int_equal(write(fds[0], request, (size_t) n), n);

        h2o_accept(accept_context, h2o_evloop_socket_create(loop, fds[1], 0));
        for (unsigned i = 0; i < 100 && status == 0; i++) {
                (void) h2o_evloop_run(loop, 1);
                if (read(fds[0], answer, sizeof(answer) - 1) > 0)
                        assert_int_equal(sscanf(answer, "HTTP/1.1 %3d ", &status), 1);
        }

        assert_int_equal(close(fds[0]), 0);
        for (unsigned i = 0; i < 3; i++)
                (void) h2o_evloop_run(loop, 1);
        return status;
}

static void library_decodes_by_this_decoder(void **state) {
        static const char *const alike[] = { "2\r\n{}\r\n0\r\n\r\n", "2;a=b\r\n{}\r\n0\r\n\r\n",
                                             "2\n{}\n0\n\n" };
        static const int wanted[] = { 202, 400, 400 };
        h2o_globalconf_t config;
        h2o_context_t context;
        h2o_accept_ctx_t accept_context;
        static h2o_evloop_t *loop; /* it cannot be destroyed */
        h2o_hostconf_t *host;

        (void) state;
        loop = h2o_evloop_create();

        assert_true(chunk_decoder_is_in_place());
        h2o_config_init(&config);
        host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), UINT16_MAX);
        h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(h2o_handler_t))->on_req =
                        on_request;
        h2o_context_init(&context, loop, &config);
        accept_context = (h2o_accept_ctx_t){ .ctx = &context, .hosts = config.hosts };

        for (size_t i = 0; i < ELEMENTSOF(alike); i++)
                assert_int_equal(library_status(loop, &accept_context, alike[i]), wanted[i]);

        h2o_context_dispose(&context);
        h2o_config_dispose(&config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(chunks_are_put_together_however_they_arrive),
                cmocka_unit_test(bytes_behind_the_body_follow_the_data),
                cmocka_unit_test(trailer_is_left_to_whoever_does_not_want_it_read),
                cmocka_unit_test(decoder_says_whether_it_is_in_the_data),
                cmocka_unit_test(framing_that_can_be_read_in_two_ways_is_refused),
                cmocka_unit_test(nul_is_no_part_of_a_trailer),
                cmocka_unit_test(trailer_has_a_limit),
                cmocka_unit_test(library_decodes_by_this_decoder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
