/* SPDX-License-Identifier: MIT */
#include "webhookd/http/head.h"

#include <stdio.h>

#include "unit.h"

static HeadVerdict read_head(const char *text) {
        Head head;

        return head_read((Bytes){ text, strlen(text) }, 0, &head);
}

static bool strict(const char *text) {
        return read_head(text) == HEAD_COMPLETE;
}

static void head_of_an_ordinary_request_is_strict(void **state) {
        (void) state;

        assert_true(strict("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
        assert_true(strict("POST /x HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert_true(strict("GET / HTTP/1.0\r\n\r\n"));
        assert_true(strict("GET / HTTP/1.1\r\nHost:\r\nX-Empty:\r\n\r\n"));
}

static void head_with_two_lengths_is_refused(void **state) {
        (void) state;

        assert_false(strict(
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"));
        assert_false(strict(
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert_false(strict(
                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: a\r\ntransfer-encoding: b\r\n\r\n"));
}

static void head_without_one_host_is_refused(void **state) {
        (void) state;

        assert_false(strict("GET / HTTP/1.1\r\nAccept: x\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.0\r\nHost: a\r\nHOST: b\r\n\r\n"));
}

static void head_of_another_version_than_1_0_and_1_1_is_refused(void **state) {
        static const char *const versions[] = { "HTTP/1.9",  "HTTP/2.0", "HTTP/0.9",  "HTTP/1.10",
                                                "HTTP/11.1", "http/1.1", "HTTP/1.1 ", "HTTP/1",
                                                "",          "xHTTP/1.1" };
        char text[128];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(versions); i++) {
                (void) snprintf(text, sizeof(text), "GET / %s\r\nHost: h\r\n\r\n", versions[i]);
                assert_false(strict(text));
        }
        assert_false(strict("GET /\r\nHost: h\r\n\r\n"));
}

static void head_of_http_1_0_has_no_chunks(void **state) {
        (void) state;

        assert_false(strict("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert_true(strict("POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
}

static void head_with_bare_line_feeds_is_refused(void **state) {
        (void) state;

        assert_false(strict("GET / HTTP/1.1\nHost: a\n\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\n\n"));
}

static void head_with_folded_or_spaced_names_is_refused(void **state) {
        (void) state;

        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"));
}

static void head_with_blanks_in_its_first_line_is_refused(void **state) {
        static const char *const lines[] = { "GET  / HTTP/1.1",   "GET /  HTTP/1.1", "GET\t/ HTTP/1.1",
                                             "GET /a b HTTP/1.1", " GET / HTTP/1.1", " / HTTP/1.1",
                                             "G(T / HTTP/1.1",    "GET  HTTP/1.1",   "GET HTTP/1.1" };
        char text[128];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                (void) snprintf(text, sizeof(text), "%s\r\nHost: h\r\n\r\n", lines[i]);
                assert_int_equal(read_head(text), HEAD_MALFORMED);
        }
}

static void head_with_control_characters_is_refused_before_it_is_complete(void **state) {
        static const char nul[] = "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b";
        Head head;

        (void) state;

        assert_int_equal(head_read((Bytes){ nul, sizeof(nul) - 1 }, 0, &head), HEAD_MALFORMED);
        assert_int_equal(read_head("GET / HTTP/1.1\r\nHost: h\r\nX: \x1b[m"), HEAD_MALFORMED);
        assert_int_equal(read_head("GET / HTTP/1.1\r\nHost: h\r\nX: \x7f"), HEAD_MALFORMED);
        assert_int_equal(read_head("\x16\x03\x01"), HEAD_MALFORMED);
        assert_int_equal(read_head("\r\n"), HEAD_MALFORMED);
        assert_int_equal(read_head("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), HEAD_MALFORMED);
        assert_int_equal(read_head("GET / HTTP/1.1\r\nHost: h\r\nX: a\tb \xc3\xa9\r\n\r\n"), HEAD_COMPLETE);
}

static void head_has_no_more_fields_than_there_is_room_for(void **state) {
        static const unsigned more[] = { 0, 1 };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(more); i++) {
                char text[4096];
                size_t n = (size_t) snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\n");

                for (unsigned j = 1; j < REQUEST_HEADERS_MAX + more[i]; j++)
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "X-%u: %u\r\n", j, j);
                (void) snprintf(text + n, sizeof(text) - n, "\r\n");
                assert_int_equal(read_head(text), more[i] > 0 ? HEAD_MALFORMED : HEAD_COMPLETE);
        }
}

static void head_that_does_not_end_is_refused_when_it_is_full(void **state) {
        char *text = malloc(HEAD_BYTES_MAX);
        Head head;

        (void) state;

        assert_non_null(text);
        memset(text, 'a', HEAD_BYTES_MAX);
        assert_int_equal(head_read((Bytes){ text, HEAD_BYTES_MAX - 1 }, 0, &head), HEAD_INCOMPLETE);
        assert_int_equal(head_read((Bytes){ text, HEAD_BYTES_MAX }, HEAD_BYTES_MAX - 1, &head),
                         HEAD_MALFORMED);
        free(text);
}

static void body_that_is_announced_as_too_large_is_told_from_what_is_no_length(void **state) {
        static const struct {
                const char *length;
                HeadVerdict verdict;
        } cases[] = {
                { "0", HEAD_COMPLETE },
                { "1048576", HEAD_COMPLETE },
                { "0001048576", HEAD_COMPLETE },
                { "1048577", HEAD_TOO_LARGE },
                { "10485760", HEAD_TOO_LARGE },
                { "18446744073709551616", HEAD_TOO_LARGE },
                { "18446744073709551618", HEAD_TOO_LARGE },
                { "", HEAD_MALFORMED },
                { "two", HEAD_MALFORMED },
                { "+2", HEAD_MALFORMED },
                { "-2", HEAD_MALFORMED },
                { "2 ", HEAD_MALFORMED },
                { "2, 2", HEAD_MALFORMED },
                { "0x2", HEAD_MALFORMED },
                { "1048577a", HEAD_MALFORMED },
        };
        char text[128];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                (void) snprintf(text, sizeof(text),
                                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %s\r\n\r\n", cases[i].length);
                assert_int_equal(read_head(text), cases[i].verdict);
        }
}

static void assert_bytes(Bytes bytes, const char *text) {
        assert_true(bytes_equal(bytes, text));
}

static void head_is_the_same_in_however_many_pieces_it_comes(void **state) {
        static const char text[] = "POST /x?y HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-B:\t b \r\n\r\n{\0";

        (void) state;

        for (size_t length = 0; length + 5 < sizeof(text); length++) {
                Head head = { .n_fields = 77 };
                Bytes whole = { text, sizeof(text) - 1 };

                for (size_t piece = 0; piece <= length; piece++)
                        assert_int_equal(head_read((Bytes){ text, length }, piece, &head), HEAD_INCOMPLETE);
                assert_int_equal(head.n_fields, 77);
                assert_int_equal(head_read(whole, length, &head), HEAD_COMPLETE);
                assert_int_equal(head.length, sizeof(text) - 3);
                assert_bytes(head.method, "POST");
                assert_bytes(head.path, "/x?y");
                assert_int_equal(head.minor_version, 1);
                assert_int_equal(head.n_fields, 3);
                assert_bytes(head.fields[1].name, "X-Empty");
                assert_bytes(head.fields[1].value, "");
                assert_bytes(head.fields[2].value, "b ");
        }
}

typedef struct Handed {
        int found;
        const char *method, *path;
        size_t method_length, path_length, n_fields;
        int minor_version;
        Header fields[REQUEST_HEADERS_MAX];
} Handed;

/* As the library calls it. */
static Handed hand_on(const char *text) {
        Handed handed = { .n_fields = REQUEST_HEADERS_MAX };

        handed.found = phr_parse_request(text, strlen(text), &handed.method, &handed.method_length,
                                         &handed.path, &handed.path_length, &handed.minor_version,
                                         handed.fields, &handed.n_fields, 0);
        return handed;
}

static void refused_head_is_handed_on_without_a_method(void **state) {
        Handed handed = hand_on("GET / HTTP/1.1\r\nHost: h\r\nX");

        (void) state;

        assert_int_equal(handed.found, -2);
        handed = hand_on("GET / HTTP/1.1\r\n\r\n");
        assert_int_equal(handed.found, strlen("GET / HTTP/1.1\r\n\r\n"));
        assert_int_equal(handed.method_length, 0);
        assert_int_equal(handed.path_length, 1);
        assert_int_equal(handed.n_fields, 0);
        assert_int_equal(handed.minor_version, 0);
        handed = hand_on("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\nmore");
        assert_int_equal(handed.found, strlen("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"));
        assert_int_equal(handed.method_length, 3);
        assert_int_equal(handed.path_length, 2);
        assert_int_equal(handed.n_fields, 2);
}

static void expect_of_http_1_0_is_not_handed_on(void **state) {
        Handed handed = hand_on("PUT /x HTTP/1.0\r\neXPECT: 100-continue\r\nContent-Length: 0\r\n\r\n");

        (void) state;

        assert_int_equal(handed.n_fields, 1);
        assert_bytes(handed.fields[0].name, "Content-Length");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(head_of_an_ordinary_request_is_strict),
                cmocka_unit_test(head_with_two_lengths_is_refused),
                cmocka_unit_test(head_without_one_host_is_refused),
                cmocka_unit_test(head_of_another_version_than_1_0_and_1_1_is_refused),
                cmocka_unit_test(head_of_http_1_0_has_no_chunks),
                cmocka_unit_test(head_with_bare_line_feeds_is_refused),
                cmocka_unit_test(head_with_folded_or_spaced_names_is_refused),
                cmocka_unit_test(head_with_blanks_in_its_first_line_is_refused),
                cmocka_unit_test(head_with_control_characters_is_refused_before_it_is_complete),
                cmocka_unit_test(head_has_no_more_fields_than_there_is_room_for),
                cmocka_unit_test(head_that_does_not_end_is_refused_when_it_is_full),
                cmocka_unit_test(body_that_is_announced_as_too_large_is_told_from_what_is_no_length),
                cmocka_unit_test(head_is_the_same_in_however_many_pieces_it_comes),
                cmocka_unit_test(refused_head_is_handed_on_without_a_method),
                cmocka_unit_test(expect_of_http_1_0_is_not_handed_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
